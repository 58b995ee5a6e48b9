/**
 * Fuzzing of every kind of file from outside, `npm run fuzz -- --seconds 20 [--cases N] [--seed S] [--first N]
 * [--target NAME]`. A case is made from the seed and its number: `--seed S --first N --cases 1` runs it again.
 *
 * It fails on an exception that is no TorchLoraError, on a case that takes more than 5 s of processor time, on one
 * that takes 256 MiB, on a process that holds more than 1.5 GiB, and on a process that ends in any other way.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const MAX_CPU_SECONDS = 5
const MAX_RESIDENT_KIB = 1.5 * 2 ** 20

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: 'Infinity' },
    cases: { type: 'string', default: 'Infinity' },
    first: { type: 'string', default: '0' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    target: { type: 'string', default: '' },
  },
})
const { seconds, seed, first, target } = flags
if (seconds === 'Infinity' && flags.cases === 'Infinity') {
  console.error('Say how long: --seconds N or --cases N.')
  process.exit(2)
}
const lastCase = String(Number(first) + Number(flags.cases))

const folder = mkdtempSync(join(tmpdir(), 'torch-lora-fuzz-'))
const progress = join(folder, 'case')
const runner = resolve(import.meta.dirname, '../test/fuzz/runner.ts')
const child = spawn(
  process.execPath,
  ['--import', 'tsx', runner, progress, seed, first, lastCase, seconds, target],
  { stdio: ['ignore', 'inherit', 'inherit'] },
)

const current = () => {
  try {
    return readFileSync(progress, 'utf8').split('\n')[0]!
  } catch {
    return ''
  }
}

/** Seconds of processor time, and KiB resident, of the child. */
function usage(): { cpu: number; resident: number } {
  try {
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, resident: Number(fields[21]) * 4 }
  } catch {
    return { cpu: 0, resident: 0 }
  }
}

let verdict: string | undefined
let watched = { name: '', cpu: 0 }
const watch = setInterval(() => {
  const name = current()
  const { cpu, resident } = usage()
  if (name !== watched.name) watched = { name, cpu }
  else if (name !== '' && cpu - watched.cpu > MAX_CPU_SECONDS)
    verdict = `takes more than ${MAX_CPU_SECONDS} s`
  if (resident > MAX_RESIDENT_KIB) verdict = `holds ${Math.round(resident / 1024)} MiB`
  if (verdict !== undefined) child.kill('SIGKILL')
}, 100)

child.once('close', (code, signal) => {
  clearInterval(watch)
  const name = current()
  rmSync(folder, { recursive: true, force: true })
  if (code === 0 || code === 1) process.exit(code)
  console.log(`FAILURE with seed ${seed}: ${name}: ${verdict ?? `ended the process (${signal ?? code})`}`)
  process.exit(1)
})
