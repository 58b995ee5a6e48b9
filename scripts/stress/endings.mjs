#!/usr/bin/env node
/**
 * Ends processes and worker threads that train, in every way and at any moment, and compares each exit code with the
 * one that was asked for: `npm run stress:endings -- --tries 300 --seed 1`. Runs on dist/. Exits with 1 when one differs,
 * with the command that tries it again.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/** Ways to end, and the exit code of each. */
const ways = {
  exit: 37,
  listener: 37, // whose error comes after the code was given
  throw: 1,
  reject: 1,
  interrupt: 130,
  'worker-terminate': 5,
  'worker-exit': 5,
  'worker-throw': 5,
  'worker-main': 37,
}
const ending = fileURLToPath(new URL('ending.mjs', import.meta.url))
const longest = 120_000

/** A number from 0 to 1 for each try (mulberry32): a try can be repeated by its number alone. */
function random(seed) {
  let z = (seed + 1) * 0x6d2b79f5
  z = Math.imul(z ^ (z >>> 15), z | 1)
  z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
  return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32
}

/** Runs one try; what it ended with, and the last of what it wrote to stderr. */
function attempt(way, delay) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [ending, way, String(delay)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let errors = ''
    child.stderr?.on('data', (data) => {
      errors = (errors + data).slice(-2000)
    })
    const late = setTimeout(() => child.kill('SIGKILL'), longest)
    if (way === 'interrupt') {
      child.once('message', () => {
        child.kill('SIGINT')
        setTimeout(() => child.kill('SIGINT'), delay)
      })
    }
    child.on('close', (code, signal) => {
      clearTimeout(late)
      resolve({ ended: signal ?? code, errors })
    })
  })
}

const { values } = parseArgs({
  options: {
    tries: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
  },
})
const names = Object.keys(ways)
const counts = Object.fromEntries(names.map((name) => [name, 0]))
let failures = 0
const end = Number(values.first) + Number(values.tries)
for (let i = Number(values.first); i < end; i++) {
  const way = names[i % names.length]
  // From before the addon is open to well into the training.
  const delay = Math.round(random(Number(values.seed) * 1_000_003 + i) * 1200)
  const { ended, errors } = await attempt(way, delay)
  counts[way]++
  if (ended === ways[way]) continue
  failures++
  console.log(`try ${i}: ${way} after ${delay} ms ended with ${ended} instead of ${ways[way]}\n${errors}`)
  console.log(`again: node scripts/stress/endings.mjs --seed ${values.seed} --first ${i} --tries 1`)
}
const tried = names.map((name) => `${name} ${counts[name]}`).join(', ')
console.log(`${values.tries} tries (${tried}): ${failures} with another exit code than the one asked for`)
process.exitCode = failures > 0 ? 1 : 0
