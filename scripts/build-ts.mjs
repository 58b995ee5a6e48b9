#!/usr/bin/env node
/** Compiles lib/ to dist/ with tsc, unless dist/ was compiled from the same sources. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'dist', '.sources')

function sourceHash() {
  const hash = createHash('sha256')
  const files = readdirSync(join(root, 'lib'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) =>
    join(root, name),
  )
  for (const file of [...settings, ...files.sort()])
    hash.update(`${relative(root, file)}\0`).update(readFileSync(file))
  return hash.digest('hex')
}

/** Whether dist/ is what these sources compile to. */
export function isCurrent() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceHash()
}

/** Runs the compiler in the root. */
export function tsc(...options) {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status } = spawnSync(process.execPath, [compiler, ...options], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error('tsc found errors, above')
}

/**
 * @param {{ onlyIfMissing?: string }} [options] compile only when this file is not there
 * @returns whether it compiled
 */
export function buildTypeScript({ onlyIfMissing } = {}) {
  if (onlyIfMissing && existsSync(join(root, onlyIfMissing))) return false
  if (isCurrent()) return false
  rmSync(join(root, 'dist'), { recursive: true, force: true }) // what was deleted in lib/ must not live on
  tsc('-p', 'tsconfig.build.json')
  chmodSync(join(root, 'dist', 'cli', 'main.js'), 0o755)
  writeFileSync(stamp, sourceHash())
  return true
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    if (!buildTypeScript()) console.log('dist/ is up to date')
  } catch (error) {
    console.error(`build: ${error.message}`)
    process.exit(1)
  }
}
