#!/usr/bin/env node
/**
 * Builds the addon with CMake (through cmake-js) into build/Release, against the libtorch that the package itself
 * would find; where none with headers is found it installs one. Does nothing when the sources and the libtorch are
 * those of the last build. `--force` builds anyway; `--prebuild FOLDER...` adds builds for these libtorch to
 * prebuilds/, after `npm run prebuildify`.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildTypeScript } from './build-ts.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const output = join(root, 'build', 'Release')
const prebuilds = join(root, 'prebuilds', `${process.platform}-${process.arch}`)
const libraries = ['libtorch_lora_core.so', 'liblora_ops.so']
/** Kernels for CUDA: built beside them where libtorch has CUDA and nvcc is at hand. */
const cudaLibrary = 'liblora_ops_cuda.so'
/** Beside the libraries: what they were built from. */
const stampName = 'torch_lora.build.json'

/** sha256 over what the build reads. By content, not by time: a checkout sets every time anew. */
function sourceHash() {
  const hash = createHash('sha256')
  const files = readdirSync(join(root, 'native'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  for (const file of [join(root, 'CMakeLists.txt'), ...files.sort()]) {
    hash.update(`${relative(root, file)}\0`).update(readFileSync(file))
  }
  return hash.digest('hex')
}

/** What a folder of libraries was built from; undefined when one of them is missing. */
function builtFrom(folder, addon) {
  const needed = [addon, ...libraries, stampName]
  if (!needed.every((name) => existsSync(join(folder, name)))) return undefined
  return JSON.parse(readFileSync(join(folder, stampName), 'utf8'))
}

/** Whether prebuilds/ holds an addon of these very sources, and no build/ stands before it. */
export function prebuiltIsCurrent() {
  if (existsSync(join(output, 'torch_lora.node'))) return false
  return builtFrom(prebuilds, 'torch-lora.node')?.sources === sourceHash()
}

/** Notes beside the prebuilt libraries what they are made from; without the path, which is this machine's. */
export function stampPrebuilds() {
  const { sources, version } = builtFrom(output, 'torch_lora.node')
  mkdirSync(prebuilds, { recursive: true })
  writeFileSync(join(prebuilds, stampName), `${JSON.stringify({ sources, version }, null, 2)}\n`)
}

/** The libtorch to build against: the one that would be opened at run time, when it has headers. */
async function libtorchToBuildWith(announce) {
  buildTypeScript({ onlyIfMissing: 'dist/cli/libtorch-install.js' })
  const { findLibtorch } = await import('../dist/libtorch/find.js')
  try {
    const found = findLibtorch()
    if (found.headers) return found
    announce?.()
    console.log(
      `native build: libtorch ${found.version} in ${found.path} has no headers; getting one that has`,
    )
  } catch (error) {
    if (process.env.TORCH_LORA_LIBTORCH) throw error
    announce?.()
    console.log('native build: no libtorch found; getting one')
  }
  const { installWithProgress } = await import('../dist/cli/libtorch-install.js')
  return await installWithProgress({})
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', (error) => reject(new Error(`${command} does not start: ${error.message}`)))
    child.on('exit', (code, signal) => {
      if (code === 0) resolve()
      else
        reject(
          new Error(
            `cmake-js ${args[1]} ended with ${signal ?? `exit code ${code}`}; its messages are above`,
          ),
        )
    })
  })
}

function requireTools() {
  const has = (name) => process.env.PATH.split(':').some((folder) => existsSync(join(folder, name)))
  const missing = []
  if (!has('cmake')) missing.push('cmake')
  if (!process.env.CXX && !has('g++') && !has('clang++')) missing.push('g++')
  if (!has('ninja') && !has('make')) missing.push('make')
  if (missing.length > 0) {
    throw new Error(
      `${missing.join(' and ')} not found on PATH. Install them, for instance \`apt-get install -y ${missing.join(' ')}\`.`,
    )
  }
}

/** cmake-js, which an installed package does not bring along. */
function cmakeJsPath() {
  try {
    const require = createRequire(import.meta.url)
    for (const name of ['node-addon-api', 'node-api-headers']) require.resolve(name)
    return join(dirname(require.resolve('cmake-js/package.json')), 'bin', 'cmake-js')
  } catch {
    throw new Error(
      'building takes cmake-js: run `npm install cmake-js node-addon-api node-api-headers` first',
    )
  }
}

/**
 * @param {{ force?: boolean, announce?: () => void }} [options] `announce` is called when there is work to do
 * @returns whether it built
 */
export async function buildNative({ force = false, announce } = {}) {
  let libtorch = await libtorchToBuildWith(announce)
  const last = builtFrom(output, 'torch_lora.node')
  if (last?.version === libtorch.version) {
    // The same release elsewhere: nothing changes, and compiling anew against its path would take minutes.
    if (!force && last.sources === sourceHash()) return false
    if (existsSync(join(last.libtorch, 'include', 'ATen', 'ATen.h')))
      libtorch = { ...libtorch, path: last.libtorch }
  }
  announce?.()
  await compile(libtorch, join(root, 'build'))
  return true
}

/** Builds against one libtorch into `<folder>/Release`, and notes there what it was. */
async function compile(libtorch, folder) {
  const from = { sources: sourceHash(), libtorch: libtorch.path, version: libtorch.version }
  requireTools()
  const cmakeJs = cmakeJsPath()
  console.log(`native build: against libtorch ${libtorch.version} in ${libtorch.path}`)
  const common = ['--out', folder, '--log-level', 'error', `--CDTORCH_LORA_LIBTORCH=${libtorch.path}`]
  // Configuring again is cheap, and a libtorch that changed must reach CMake's cache.
  await run(process.execPath, [cmakeJs, 'configure', ...common])
  await run(process.execPath, [cmakeJs, 'build', '--parallel', String(availableParallelism()), ...common])
  writeFileSync(join(folder, 'Release', stampName), `${JSON.stringify(from, null, 2)}\n`)
}

/**
 * Builds the core for further releases into prebuilds/<platform>/torch-<minor>/: PyTorch's C++ interface differs
 * from minor release to minor release (lib/addon.ts).
 * @param {string[]} paths folders with a libtorch and its headers, as `torch-lora libtorch install --version` makes
 */
export async function prebuildMinors(paths) {
  buildTypeScript({ onlyIfMissing: 'dist/libtorch/inspect.js' })
  const { inspectLibtorch } = await import('../dist/libtorch/inspect.js')
  const { minorOf } = await import('../dist/libtorch/versions.js')
  for (const libtorch of paths.map(inspectLibtorch)) {
    const name = `torch-${minorOf(libtorch.version)}`
    await compile(libtorch, join(root, 'build', name))
    mkdirSync(join(prebuilds, name), { recursive: true })
    for (const library of [...libraries, cudaLibrary]) {
      const built = join(root, 'build', name, 'Release', library)
      if (library === cudaLibrary && !existsSync(built)) continue
      const target = join(prebuilds, name, library)
      copyFileSync(built, target)
      await run('strip', ['--strip-all', target])
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const minors = process.argv.indexOf('--prebuild')
    if (minors > 0) await prebuildMinors(process.argv.slice(minors + 1))
    else if (!(await buildNative({ force: process.argv.includes('--force') }))) {
      console.log('native build: up to date')
    }
  } catch (error) {
    console.error(`native build: ${error.message}`)
    process.exit(1)
  }
}
