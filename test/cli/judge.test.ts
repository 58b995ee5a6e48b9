import { describe, expect, it } from 'vitest'
import { type Found, judgeMachine, judgeUse, type Machine } from '../../lib/cli/judge.ts'

const machine: Machine = {
  platform: 'linux',
  arch: 'x64',
  glibc: '2.36',
  driver: null,
  cpuFlags: ['sse2', 'avx2'],
  cpus: 4,
}
const cpu = { version: '2.13.0+cpu', cuda: false, path: '/torch' }
const cuda = { version: '2.13.0+cu130', cuda: true, path: '/torch' }
const system = {
  builtFor: '2.13.0',
  threads: 4,
  cpuCapability: 'AVX2',
  instructions: [],
  cudaBuild: false,
  cudaDevices: 0,
}
const found: Found = { libtorch: cpu, missingKernels: null, system }
const addons = ['linux-x64']

/** The one sentence that is said, or that nothing is. */
function only(problems: { severity: string; message: string }[]) {
  expect(problems.length).toBeLessThan(2)
  return problems[0]
}

describe('what doctor says', () => {
  it('of a machine that has all: nothing', () => {
    expect(judgeMachine(machine, { addons })).toEqual([])
    expect(judgeUse(machine, found)).toEqual([])
    const gpu = { ...machine, driver: '580.1' }
    expect(judgeUse(gpu, { ...found, libtorch: cuda, system: { ...system, cudaDevices: 1 } })).toEqual([])
    expect(judgeMachine({ ...machine, glibc: '2.28' }, { addons })).toEqual([])
  })

  it.each([
    ['macOS', { platform: 'darwin', arch: 'arm64', glibc: null }, /darwin.*Linux container/],
    ['musl', { glibc: null }, /musl.*Alpine.*node:22-slim/],
    ['an old glibc', { glibc: '2.17' }, /glibc 2\.17.*2\.28 or newer/],
    ['glibc 2.4, which is older than 2.28', { glibc: '2.4' }, /glibc 2\.4,/],
    ['arm64 without an addon for it', { arch: 'arm64' }, /linux-arm64.*addon for linux-x64.*build-native/],
  ])('of %s: an error', (_name, change, words) => {
    expect(only(judgeMachine({ ...machine, ...change }, { addons }))).toMatchObject({
      severity: 'error',
      message: expect.stringMatching(words),
    })
  })

  it('of arm64 with an addon for it: nothing', () => {
    const arm: Machine = { ...machine, arch: 'arm64', cpuFlags: ['neon'] }
    expect(judgeMachine(arm, { addons: ['linux-x64', 'linux-arm64'] })).toEqual([])
    expect(judgeUse(arm, found)).toEqual([])
  })

  it.each([
    ['no AVX2', { cpuFlags: ['sse2', 'avx'] }, {}, /no AVX2.*slower/],
    ['a driver and a CPU build', { driver: '580.1' }, {}, /driver \(580\.1\).*CPU build.*install --cuda/],
    ['a CUDA build and no driver', {}, { libtorch: cuda }, /CUDA build.*no NVIDIA driver.*--gpus all/],
    [
      'missing kernels',
      { driver: '580.1' },
      {
        libtorch: cuda,
        missingKernels: '/p/torch-2.13/liblora_ops_cuda.so',
        system: { ...system, cudaDevices: 1 },
      },
      /\/p\/torch-2\.13\/liblora_ops_cuda\.so is not there.*slower/,
    ],
    ['a driver and no GPU', { driver: '580.1' }, { libtorch: cuda }, /sees no GPU.*CUDA_VISIBLE_DEVICES/],
    ['more threads than CPUs', { cpus: 2 }, {}, /4 threads.*2 CPUs.*OMP_NUM_THREADS=2/],
  ])('of %s: a warning', (_name, change, more, words) => {
    expect(only(judgeUse({ ...machine, ...change }, { ...found, ...more }))).toMatchObject({
      severity: 'warning',
      message: expect.stringMatching(words),
    })
  })

  it('of kernels that are missing where no GPU could run them: only that', () => {
    const problems = judgeUse(machine, { ...found, libtorch: cuda, missingKernels: '/p/liblora_ops_cuda.so' })
    expect(only(problems)!.message).toMatch(/no NVIDIA driver/)
  })
})
