#!/usr/bin/env node
/**
 * Builds the addon with CMake (through cmake-js) into build/Release, against the libtorch that the package itself
 * would find; where none with headers is found it installs one. Does nothing when the sources and the libtorch are
 * those of the last build. `--force` builds anyway; `--also FOLDER...` builds the core for these libtorch too, for
 * scripts/pack.mjs. It runs in an installed package as in a checkout.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { delimiter, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildTypeScript } from './build-ts.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const output = join(root, 'build', 'Release')
const libraries = ['libtorch_lora_core.so', 'liblora_ops.so']
const wholeBuild = ['torch_lora.node', ...libraries]
/** The operators on CUDA, which launch {@link kernelsName}'s kernels. */
const boundName = 'liblora_ops_cuda.so'
/**
 * Built beside them: the operators on CUDA where libtorch has it and nvcc is at hand, process groups where libtorch has
 * them, NCCL's where its header is at hand.
 */
const optionalLibraries = [
  boundName,
  'liblora_distributed.so',
  'liblora_distributed_gloo.so',
  'liblora_distributed_nccl.so',
]
/** The kernels that the operators on CUDA launch; they know no libtorch, so one build serves every release. */
const kernelsName = 'liblora_cuda_kernels.so'
/** Beside the libraries: what they were built from. */
const stampName = 'torch_lora.build.json'

/** sha256 over what the build reads. By content, not by time: a checkout sets every time anew. */
export function sourceHash() {
  const hash = createHash('sha256')
  const files = readdirSync(join(root, 'native'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  for (const file of [join(root, 'CMakeLists.txt'), ...files.sort()]) {
    hash.update(`${relative(root, file)}\0`).update(readFileSync(file))
  }
  return hash.digest('hex')
}

/** The same over what the CUDA kernels read: native/cuda's .cu files and what of ours they include. */
function kernelsHash() {
  const native = join(root, 'native')
  const cuda = join(native, 'cuda')
  const sources = readdirSync(cuda).filter((name) => name.endsWith('.cu'))
  const files = new Set(['CMakeLists.txt', ...sources.sort()].map((name) => join(cuda, name)))
  const hash = createHash('sha256')
  // The set grows while it is gone through.
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    hash.update(`${relative(root, file)}\0`).update(text)
    for (const [, name] of text.matchAll(/^#include "(.+)"$/gm)) files.add(join(native, name))
  }
  return hash.digest('hex')
}

/** What a folder of libraries was built from; undefined when one of them is missing. */
function builtFrom(folder, names) {
  if (![...names, stampName].every((name) => existsSync(join(folder, name)))) return undefined
  return JSON.parse(readFileSync(join(folder, stampName), 'utf8'))
}

/**
 * What the package carries for this platform beside the addon and its core, which prebuildify takes from build/Release:
 * from build/torch-<minor> what {@link buildMinors} made of the same sources for other releases, and a note beside each
 * core of what it is made from; without the path, which is this machine's.
 * @param {string} [builds] build/
 * @returns {{ files: { from?: string, text?: string, to: string }[], leftOut: string[] }} files to copy, or texts to
 *   write; builds that would make a mixture, and why, in sentences
 * @throws Error where build/Release is missing, or from other sources than these
 */
export function buildsBesidePrebuild(builds = join(root, 'build')) {
  const first = builtFrom(join(builds, 'Release'), wholeBuild)
  if (!first) throw new Error('there is no build to pack: run `npm run build` first')
  if (first.sources !== sourceHash())
    throw new Error('build/Release was built from other sources than these: run `npm run build` first')
  const note = ({ sources, version }) => `${JSON.stringify({ sources, version }, null, 2)}\n`
  /** @type {{ from?: string, text?: string, to: string }[]} */
  const files = [{ text: note(first), to: stampName }]
  const leftOut = []
  for (const name of readdirSync(builds).filter((entry) => entry.startsWith('torch-'))) {
    const folder = join(builds, name, 'Release')
    const built = builtFrom(folder, libraries)
    let reason
    if (!built) reason = 'it is not whole'
    else if (built.sources !== first.sources) reason = 'it was built from other sources'
    else if (first.version.startsWith(`${name.slice('torch-'.length)}.`))
      reason = 'build/Release is for that release too'
    if (reason) {
      leftOut.push(`build/${name} is left out: ${reason}`)
      continue
    }
    for (const library of [...libraries, ...optionalLibraries].filter((entry) =>
      existsSync(join(folder, entry)),
    ))
      files.push({ from: join(folder, library), to: join(name, library) })
    files.push({ text: note(built), to: join(name, stampName) })
  }
  // Where build/Release, which prebuildify takes whole, has none: it is of a libtorch without CUDA.
  if (files.some(({ to }) => to.endsWith(boundName)) && !existsSync(join(builds, 'Release', kernelsName)))
    files.push({ from: packedKernels(kernelsFolder), to: kernelsName })
  return { files, leftOut }
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
  return await installWithProgress({ headers: true })
}

/** @returns {Promise<void>} */
function run(command, args) {
  return new Promise((resolve, reject) => {
    // Where CMakeLists.txt, too, finds what was got into build/tools.
    const NODE_PATH = [process.env.NODE_PATH, join(tools, 'node_modules')].filter(Boolean).join(delimiter)
    const env = { ...process.env, NODE_PATH }
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', (error) => reject(new Error(`${command} does not start: ${error.message}`)))
    child.on('exit', (code, signal) => {
      if (code === 0) resolve()
      else
        reject(
          new Error(
            `${command} ${args.slice(0, 2).join(' ')} ended with ${signal ?? `exit code ${code}`}; its messages are above`,
          ),
        )
    })
  })
}

const path = process.env.PATH?.split(delimiter) ?? []
const has = (name) => path.some((folder) => existsSync(join(folder, name)))

function requireTools(cross) {
  const missing = []
  if (!has('cmake')) missing.push('cmake')
  if (cross && !has(cross.compiler)) missing.push(cross.compiler)
  else if (!process.env.CXX && !has('g++') && !has('clang++')) missing.push('g++')
  if (!has('ninja') && !has('make')) missing.push('make')
  if (missing.length > 0) {
    throw new Error(
      `${missing.join(' and ')} not found on PATH. Install them, for instance \`apt-get install -y ${missing.join(' ')}\`.`,
    )
  }
}

const toolNames = ['cmake-js', 'node-addon-api', 'node-api-headers']
const tools = join(root, 'build', 'tools')

/** cmake-js and the headers; an installed package, which comes without them, gets them through npm into build/tools. */
async function cmakeJsPath() {
  const own = createRequire(import.meta.url)
  const got = createRequire(join(tools, 'package.json'))
  for (const require of [own, got]) {
    try {
      const [cmakeJs] = toolNames.map((name) => require.resolve(`${name}/package.json`))
      return join(dirname(cmakeJs), 'bin', 'cmake-js')
    } catch {
      // Not there: the other place, or npm.
    }
  }
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const wanted = toolNames.map((name) => `${name}@${devDependencies[name]}`)
  console.log(`native build: getting ${wanted.join(', ')} through npm`)
  mkdirSync(tools, { recursive: true })
  writeFileSync(join(tools, 'package.json'), '{ "private": true }\n')
  const flags = ['--prefix', tools, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']
  await run('npm', ['install', ...flags, ...wanted])
  return join(tools, 'node_modules', 'cmake-js', 'bin', 'cmake-js')
}

/**
 * @param {{ force?: boolean, announce?: () => void }} [options] `announce` is called when there is work to do
 * @returns whether it built
 */
export async function buildNative({ force = false, announce } = {}) {
  let libtorch = await libtorchToBuildWith(announce)
  const last = builtFrom(output, wholeBuild)
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

/**
 * Builds against one libtorch into `<folder>/Release`, and notes there what it was.
 * @param {{ path: string, version: string }} libtorch
 * @param {string} folder
 * @param {{ cross?: { toolchain: string, compiler: string }, kernels?: string }} [target] as {@link buildMinors} has it
 */
async function compile(libtorch, folder, { cross, kernels } = {}) {
  const from = { sources: sourceHash(), libtorch: libtorch.path, version: libtorch.version }
  requireTools(cross)
  const cmakeJs = await cmakeJsPath()
  console.log(`native build: against libtorch ${libtorch.version} in ${libtorch.path}`)
  const common = ['--out', folder, '--log-level', 'error', `--CDTORCH_LORA_LIBTORCH=${libtorch.path}`]
  if (cross) common.push('--arch', 'arm64', `--CDCMAKE_TOOLCHAIN_FILE=${cross.toolchain}`)
  if (kernels) common.push(`--CDTORCH_LORA_CUDA_KERNELS=${kernels}`)
  // Configuring again is cheap, and a libtorch that changed must reach CMake's cache.
  await run(process.execPath, [cmakeJs, 'configure', ...common])
  await run(process.execPath, [cmakeJs, 'build', '--parallel', jobs(), ...common])
  stamp(join(folder, 'Release'), from)
}

const jobs = () => process.env.CMAKE_BUILD_PARALLEL_LEVEL || String(availableParallelism())

function stamp(folder, from) {
  writeFileSync(join(folder, stampName), `${JSON.stringify(from, null, 2)}\n`)
}

const kernelsFolder = join(root, 'build', 'cuda-kernels', 'Release')

/**
 * Builds the CUDA kernels into build/cuda-kernels, once for every libtorch that {@link buildMinors} builds for. Those of
 * the same sources for the same GPUs are left.
 * @param {string} [architectures] CMake's list of the GPUs that there are kernels for
 * @returns {Promise<{ folder: string, library: string, seconds: number }>}
 */
export async function buildKernels(architectures = process.env.CUDAARCHS) {
  const from = { sources: kernelsHash(), architectures }
  const started = performance.now()
  const last = builtFrom(kernelsFolder, [kernelsName])
  if (last?.sources !== from.sources || last.architectures !== from.architectures) {
    requireTools()
    console.log('native build: the CUDA kernels')
    const folder = dirname(kernelsFolder)
    const list = architectures ? [`-DCMAKE_CUDA_ARCHITECTURES=${architectures}`] : []
    await run('cmake', ['-S', join(root, 'native', 'cuda'), '-B', folder, '--log-level=ERROR', ...list])
    await run('cmake', ['--build', folder, '--parallel', jobs()])
    stamp(kernelsFolder, from)
  }
  const seconds = (performance.now() - started) / 1000
  return { folder: kernelsFolder, library: join(kernelsFolder, kernelsName), seconds }
}

/**
 * Builds for further releases into build/torch-<minor>, or build/<platform>/torch-<minor>, one after the other:
 * PyTorch's C++ interface differs from minor release to minor release (lib/addon.ts). What was built from the same
 * sources for the same release is left.
 * @param {string[]} paths folders with a libtorch and its headers, as `torch-lora libtorch install --headers` makes
 * @param {{ cross?: { platform: string, toolchain: string, compiler: string }, kernels?: string }} [target] another
 *   machine (scripts/cross); the library of {@link buildKernels}
 * @returns {Promise<{ minor: string, version: string, folder: string, seconds: number }[]>}
 */
export async function buildMinors(paths, target = {}) {
  buildTypeScript({ onlyIfMissing: 'dist/libtorch/inspect.js' })
  const { inspectLibtorch } = await import('../dist/libtorch/inspect.js')
  const { minorOf } = await import('../dist/libtorch/versions.js')
  const builds = []
  for (const libtorch of paths.map(inspectLibtorch)) {
    const minor = minorOf(libtorch.version)
    const folder = join(root, 'build', target.cross?.platform ?? '', `torch-${minor}`)
    const release = join(folder, 'Release')
    const started = performance.now()
    const last = builtFrom(release, wholeBuild)
    const same = last?.sources === sourceHash() && last.version === libtorch.version
    if (!same) await compile(libtorch, folder, target)
    const seconds = (performance.now() - started) / 1000
    builds.push({ minor, version: libtorch.version, folder: release, seconds })
  }
  return builds
}

/** Of a build's libraries, those that a GPU takes. */
const cudaLibraries = [boundName, 'liblora_distributed_nccl.so']

/**
 * The files of one build as they are packed, with a note of what it is made from, without this machine's paths.
 * @throws Error where it is not whole, or from other sources than these
 */
export function packedBuild(folder, { cuda }) {
  const built = builtFrom(folder, wholeBuild)
  if (!built) throw new Error(`${folder} holds no whole build`)
  if (built.sources !== sourceHash()) throw new Error(`${folder} was built from other sources than these`)
  const names = [...libraries, ...optionalLibraries].filter(
    (name) => existsSync(join(folder, name)) && (cuda || !cudaLibraries.includes(name)),
  )
  const missing = cuda ? cudaLibraries.filter((name) => !names.includes(name)) : []
  if (missing.length > 0)
    throw new Error(
      `${folder} has no ${missing.join(' and no ')}: its libtorch has no CUDA or no NCCL beside it, or nvcc is not on PATH`,
    )
  const { sources, version } = built
  return {
    version,
    names,
    note: { name: stampName, text: `${JSON.stringify({ sources, version }, null, 2)}\n` },
  }
}

/**
 * The library of CUDA kernels as it is packed.
 * @throws Error where it is missing, or from other sources than these
 */
export function packedKernels(folder) {
  const built = builtFrom(folder, [kernelsName])
  if (!built) throw new Error(`${folder} has no ${kernelsName}`)
  if (built.sources !== kernelsHash())
    throw new Error(`${join(folder, kernelsName)} was built from other sources than these`)
  return join(folder, kernelsName)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const also = process.argv.indexOf('--also')
    if (also > 0) {
      const kernels = has('nvcc') ? (await buildKernels()).library : undefined
      await buildMinors(process.argv.slice(also + 1), { kernels })
    } else if (!(await buildNative({ force: process.argv.includes('--force') }))) {
      console.log('native build: up to date')
    }
  } catch (error) {
    console.error(`native build: ${error.message}`)
    process.exit(1)
  }
}
