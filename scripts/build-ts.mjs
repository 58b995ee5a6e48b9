#!/usr/bin/env node
/** Compiles lib/ to dist/ with tsc, unless dist/ was compiled from the same sources. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'dist', '.sources')

function sourceHash() {
  const hash = createHash('sha256')
  const files = readdirSync(join(root, 'lib'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json', 'scripts/build-ts.mjs'].map(
    (name) => join(root, name),
  )
  for (const file of [...settings, ...files.sort()])
    hash.update(`${relative(root, file)}\0`).update(readFileSync(file))
  return hash.digest('hex')
}

/** Whether dist/ is what these sources compile to. */
export function isCurrent() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceHash()
}

/** The entries of the package, as files of lib/ and dist/ without an extension. */
export const entries = ['index', 'nn/index', 'serve/index']

/**
 * Declarations for `require('torch-lora')` and its other entries: those that their .d.ts reach, in a folder that counts as CommonJS.
 * Under `module: node16` TypeScript lets no CommonJS declaration `require` those of an ES module (TS1471).
 */
function writeCommonJsTypes() {
  const dist = join(root, 'dist')
  const found = new Set()
  const visit = (name) => {
    if (found.has(name)) return
    found.add(name)
    const text = readFileSync(join(dist, name), 'utf8')
    for (const [, target] of text.matchAll(/(?:from|import\(?)\s*['"](\.[^'"]+)\.ts['"]/g))
      visit(`${join(dirname(name), target)}.d.ts`)
    mkdirSync(dirname(join(dist, 'cjs', name)), { recursive: true })
    writeFileSync(join(dist, 'cjs', name), text)
  }
  for (const entry of entries) visit(`${entry}.d.ts`)
  writeFileSync(join(dist, 'cjs', 'package.json'), '{ "type": "commonjs" }\n')
  for (const entry of entries) {
    const main = join(dist, `${entry}.d.cts`)
    const cjs = relative(dirname(main), join(dist, 'cjs', `${entry}.ts`))
    const path = cjs.startsWith('.') ? cjs : `./${cjs}`
    writeFileSync(main, readFileSync(main, 'utf8').replace("'./index.ts'", `'${path}'`))
  }
}

/** Runs the compiler in the root. */
export function tsc(...options) {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  if (!existsSync(compiler)) throw new Error('the dependencies are not there: run `npm install` first')
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
  writeCommonJsTypes()
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
