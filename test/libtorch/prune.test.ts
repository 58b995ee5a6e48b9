import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addonPath } from '../../lib/addon.ts'
import { dynamicSection } from '../../lib/libtorch/elf.ts'
import { pruneLibraries } from '../../lib/libtorch/prune.ts'
import { fakeLibtorch, temporaryFolder } from './fakes.ts'

const compiler = spawnSync('cc', ['--version']).status === 0

/** A real shared library that needs others, which it is linked to. */
function library(folder: string, name: string, needed: string[] = []): string {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, name)
  const links = ['-Wl,--no-as-needed', ...needed]
  const args = [
    '-shared',
    '-nostdlib',
    '-x',
    'c',
    '/dev/null',
    '-x',
    'none',
    `-Wl,-soname,${name}`,
    '-o',
    path,
    ...links,
  ]
  const { status, stderr } = spawnSync('cc', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return path
}

/** As a CUDA build lies after unpacking. */
function cudaBuild() {
  const folder = temporaryFolder()
  const torch = join(folder, 'torch', 'lib')
  const nvidia = (part: string) => join(folder, 'nvidia', part, 'lib')
  const cudart = library(nvidia('cudart'), 'libcudart.so.13')
  const nvrtc = library(nvidia('nvrtc'), 'libnvrtc.so.13')
  library(nvidia('nvrtc'), 'libnvrtc-builtins.so.13.0')
  const lt = library(nvidia('cublas'), 'libcublasLt.so.13')
  const cublas = library(nvidia('cublas'), 'libcublas.so.13', [lt])
  library(nvidia('cublas'), 'libnvblas.so.13', [cublas])
  const cudnn = library(nvidia('cudnn'), 'libcudnn.so.9')
  library(nvidia('cudnn'), 'libcudnn_graph.so.9', [cublas])
  const cusolver = library(nvidia('cusolver'), 'libcusolver.so.12', [cublas])
  const c10 = library(torch, 'libc10.so')
  const cpu = library(torch, 'libtorch_cpu.so', [c10, cudart])
  library(torch, 'libc10_cuda.so', [c10, cudart])
  const cuda = library(torch, 'libtorch_cuda.so', [cpu, cublas, cudnn])
  library(torch, 'libtorch.so', [cpu, cuda])
  library(torch, 'libtorch_cuda_linalg.so', [cuda, cusolver])
  library(torch, 'libcaffe2_nvrtc.so', [nvrtc])
  library(torch, 'libshm.so', [cpu])
  return folder
}

describe.skipIf(!compiler)('libraries that nothing loads', () => {
  it('go from a CUDA build, and what is opened by name stays', () => {
    const folder = cudaBuild()
    const { bytes, names } = pruneLibraries(folder, { cuda: true })
    expect(names.sort()).toEqual(['libnvblas.so.13', 'libshm.so'])
    expect(bytes).toBeGreaterThan(0)
    expect(existsSync(join(folder, 'nvidia/cublas/lib/libnvblas.so.13'))).toBe(false)
    expect(pruneLibraries(folder, { cuda: true }).names).toEqual([])
  })

  it('leave the CPU’s part of a CUDA build with the one that it needs', () => {
    const folder = cudaBuild()
    const { names } = pruneLibraries(folder, { cuda: false })
    expect(names).toHaveLength(13)
    for (const left of [
      'torch/lib/libtorch_cpu.so',
      'torch/lib/libtorch.so',
      'nvidia/cudart/lib/libcudart.so.13',
    ])
      expect(existsSync(join(folder, left)), left).toBe(true)
  })
})

describe('the dynamic section', () => {
  it('of the addon names what it needs', () => {
    const section = dynamicSection(join(addonPath(), '..', 'libtorch_lora_core.so'))!
    expect(section.needed).toContain('libtorch_cpu.so')
    expect(section.name).toBe('libtorch_lora_core.so')
  })

  it('is none in what is no library, or is cut short', () => {
    const file = join(temporaryFolder(), 'file.so')
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('text'),
      Buffer.concat([Buffer.from('\x7fELF\x02\x01'), Buffer.alloc(60, 255)]),
    ]) {
      writeFileSync(file, bytes)
      expect(dynamicSection(file)).toBeUndefined()
    }
    const real = join(addonPath(), '..', 'liblora_ops.so')
    spawnSync('cp', [real, file])
    truncateSync(file, 5000)
    expect(dynamicSection(file)).toBeUndefined()
  })

  it('that cannot be read leaves all libraries where they are', () => {
    const torch = fakeLibtorch(temporaryFolder(), { cuda: true })
    expect(pruneLibraries(join(torch, '..'), { cuda: true })).toEqual({ bytes: 0, names: [] })
  })
})
