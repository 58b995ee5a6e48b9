#!/usr/bin/env node
/**
 * Builds into build/dry-cuda what stands in for the CUDA runtime, the driver and NVIDIA's libraries where there is no
 * GPU (runtime.cpp): every library that a CUDA libtorch asks for, with all that it asks of it; what has no body here
 * gives success and does nothing. Takes the headers of nvcc's toolkit (CUDA_HOME, /usr/local/cuda) and g++.
 *
 *   export TORCH_LORA_LIBTORCH=...              a libtorch with CUDA, against which the addon and the kernels are built
 *   export DRY_CUDA_TRACE=/tmp/trace            what is launched, a JSON line each
 *   LD_PRELOAD=$(node scripts/gpu/dry-cuda/build.mjs $TORCH_LORA_LIBTORCH) npx vitest run test/gpu/capture.test.ts
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = resolve(here, '..', '..', '..')
const run = (command, args) => execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 30 })

/** Libraries of libtorch that a process opens, and libraries that it asks for, which are not the system's. */
const ours = [
  'libtorch_cpu.so',
  'libc10_cuda.so',
  'libtorch_nvshmem.so',
  'libtorch_cuda.so',
  'libtorch_cuda_linalg.so',
  'libcaffe2_nvrtc.so',
]
const theirs = /^lib(cu|nccl|nvrtc|nvshmem|nvToolsExt|nvJitLink)/
/** Symbols without a version say nothing of the library they are in: by their names. */
const theirNames =
  /^_{0,2}(cu[A-Z]|cuda|cublas|cudnn|cufft|cufile|curand|cusolver|cusparse|cupti|nccl|nvrtc|nvshmem)/

/** What `libraries` ask for: each library's symbols and the versions that it must have, and symbols without a version. */
function askedFor(libraries) {
  const byLibrary = new Map()
  const of = (name) =>
    byLibrary.get(name) ?? byLibrary.set(name, { symbols: new Set(), versions: new Set() }).get(name)
  const unversioned = new Set()
  for (const library of libraries) {
    for (const [, name] of run('readelf', ['-dW', library]).matchAll(/NEEDED.*\[(.*)\]/g))
      if (theirs.test(name)) of(name)
    const libraryOf = new Map()
    let file = ''
    for (const line of run('readelf', ['-VW', library]).split('\n')) {
      file = / File: (\S+) /.exec(line)?.[1] ?? file
      const version = / Name: (\S+) .*Flags/.exec(line)?.[1]
      if (!version || !theirs.test(file)) continue
      of(file).versions.add(version)
      libraryOf.set(version, file)
    }
    for (const [, name, version] of run('readelf', ['-W', '--dyn-syms', library]).matchAll(
      / UND (\w+)(?:@(\S+))?/g,
    ))
      if (libraryOf.has(version)) of(libraryOf.get(version)).symbols.add(name)
      else if (!version && theirNames.test(name)) unversioned.add(name)
  }
  return { byLibrary, unversioned }
}

/** Names that the bodies define. */
const definedIn = (file) =>
  new Set(Array.from(run('nm', ['--defined-only', file]).matchAll(/ T (\w+)/g), ([, name]) => name))

/** What a library looks up in the driver by name while it runs. */
function lookedUp(library) {
  const names = new Set()
  for (const [, name] of readFileSync(library)
    .toString('latin1')
    .matchAll(/(cu[A-Z][A-Za-z]+(?:_v\d)?)\0/g))
    names.add(name)
  return names
}

/**
 * @param {string} libtorch the folder of a libtorch with CUDA
 * @returns {string[]} the libraries, to be preloaded in this order
 */
export function buildDryCuda(libtorch) {
  const home = [process.env.CUDA_HOME, '/usr/local/cuda'].find(
    (place) => place && existsSync(join(place, 'include', 'cuda_runtime_api.h')),
  )
  if (!home) throw new Error('no CUDA headers: set CUDA_HOME to the toolkit that nvcc belongs to')
  // NCCL's header lies in its wheel, beside libtorch.
  const nccl = [join(libtorch, '..', 'nvidia', 'nccl'), process.env.TORCH_LORA_NCCL, '/usr']
    .map((place) => place && join(place, 'include'))
    .find((place) => place && existsSync(join(place, 'nccl.h')))
  const bodies = ['runtime.cpp', 'blas.cpp', 'driver.cpp', ...(nccl ? ['nccl.cpp'] : [])].map((name) =>
    join(here, name),
  )
  const hash = createHash('sha256').update(libtorch)
  for (const file of [...bodies, fileURLToPath(import.meta.url)]) hash.update(readFileSync(file))
  const folder = join(root, 'build', 'dry-cuda', hash.digest('hex').slice(0, 16))
  const list = () => readdirSync(folder).filter((name) => /\.so(\.\d+)?$/.test(name))
  const first = (name) => (name.startsWith('libcuda.') ? 0 : name.startsWith('libcudart') ? 1 : 2)
  const preload = () =>
    list()
      .sort((a, b) => first(a) - first(b))
      .map((name) => join(folder, name))
  if (existsSync(join(folder, 'complete'))) return preload()
  mkdirSync(folder, { recursive: true })

  const objects = bodies.map((source) => {
    const object = join(folder, `${source.split('/').at(-1)}.o`)
    const flags = ['-std=c++20', '-O1', '-fPIC', '-Wall', `-I${join(home, 'include')}`]
    if (nccl) flags.push(`-I${nccl}`)
    run('g++', [...flags, '-c', source, '-o', object])
    return object
  })
  const libraries = ours.map((name) => join(libtorch, 'lib', name)).filter(existsSync)
  const { byLibrary, unversioned } = askedFor(libraries)
  const runtime = [...byLibrary.keys()].find((name) => name.startsWith('libcudart'))
  const withBody = new Set(objects.flatMap((object) => [...definedIn(object)]))
  // The runtime first: the others link to it.
  for (const library of [runtime, ...[...byLibrary.keys()].filter((name) => name !== runtime)]) {
    const { symbols, versions } = byLibrary.get(library)
    const body =
      objects[
        ['libcudart', 'libcublas', 'libcuda.', 'libnccl'].findIndex((start) => library.startsWith(start))
      ]
    const own = body ? definedIn(body) : new Set()
    const looked = library === 'libcuda.so.1' ? lookedUp(join(libtorch, 'lib', 'libtorch_cuda.so')) : []
    const others = library === runtime ? [...unversioned].filter((name) => !withBody.has(name)) : []
    const missing = [...symbols, ...looked, ...others].filter((name) => !own.has(name))
    const assembly = join(folder, `${library}.s`)
    const stubs = missing.map(
      (name) => `.globl ${name}\n.type ${name},@function\n${name}: xorl %eax,%eax\nret\n`,
    )
    writeFileSync(assembly, `.text\n${stubs.join('')}.section .note.GNU-stack,"",@progbits\n`)
    const flags = ['-shared', '-o', join(folder, library), `-Wl,-soname,${library}`, assembly]
    if (body) flags.push(body)
    if (/^lib(cublas|nccl)/.test(library)) flags.push(`-L${folder}`, `-l:${runtime}`)
    const [version, ...further] = versions
    if (version) {
      const script = join(folder, `${library}.map`)
      const empty = further.map((name) => `${name} { ${name}_none; };\n`)
      writeFileSync(script, `${version} { *; };\n${empty.join('')}`)
      flags.push(`-Wl,--version-script,${script}`)
    }
    run('g++', flags)
  }
  writeFileSync(join(folder, 'complete'), '')
  return preload()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(buildDryCuda(process.argv[2]).join(':'))
