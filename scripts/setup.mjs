#!/usr/bin/env node
/**
 * Makes a clean clone ready to run: dependencies, dist/, libtorch, the addon. What is current is left alone, so
 * running it again takes well under a second. Plain Node, because it runs before anything is installed.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Runs one step and says how long it took; says nothing when the step found nothing to do. */
async function step(name, body) {
  const started = performance.now()
  let announced = ''
  const announce = (what = name) => {
    if (announced !== what) console.log(`setup: ${what} ...`)
    announced = what
  }
  const did = await body(announce)
  if (did) console.log(`setup: ${name} done in ${((performance.now() - started) / 1000).toFixed(1)} s`)
}

/** @returns {Promise<void>} */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', (error) => reject(new Error(`${command} does not start: ${error.message}`)))
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')} failed`)),
    )
  })
}

async function dependencies(announce) {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = join(root, 'node_modules', '.torch-lora-lock')
  if (existsSync(join(root, 'node_modules', '.package-lock.json'))) {
    // Installed by hand: npm's own business. Installed by us from another lock file: do it again.
    if (!existsSync(stamp) || readFileSync(stamp, 'utf8') === lock) return false
  }
  announce('npm ci')
  await run('npm', ['ci', '--no-audit', '--no-fund'])
  writeFileSync(stamp, lock)
  return true
}

async function typescript(announce) {
  const { buildTypeScript, isCurrent } = await import('./build-ts.mjs')
  if (isCurrent()) return false
  announce()
  return buildTypeScript()
}

async function native(announce) {
  const { buildNative } = await import('./build-native.mjs')
  return await buildNative({ announce })
}

/** Everything a checkout needs; throws with one clear sentence. */
export async function setup() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`Node ${process.versions.node} is too old: torch-lora needs 20.19 or newer`)
  }
  await step('dependencies', dependencies)
  await step('TypeScript', typescript)
  await step('native addon', native)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await setup()
  } catch (error) {
    console.error(`setup: ${error.message}`)
    process.exit(1)
  }
}
