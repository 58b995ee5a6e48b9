import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../libtorch/fakes.ts'

interface Builds {
  sourceHash(): string
  packedKernels(folder: string): string
  packedBuild(
    folder: string,
    options: { cuda: boolean },
  ): { version: string; names: string[]; note: { name: string; text: string } }
}
const script = new URL('../../scripts/build-native.mjs', import.meta.url).href
const { packedBuild, packedKernels, sourceHash } = (await import(script)) as Builds

const core = ['torch_lora.node', 'libtorch_lora_core.so', 'liblora_ops.so']
const distributed = ['liblora_distributed.so', 'liblora_distributed_gloo.so']
const cuda = ['liblora_ops_cuda.so', 'liblora_distributed_nccl.so']

/** A build as scripts/build-native.mjs leaves it; libraries of text. */
function build(names: string[], sources = sourceHash()): string {
  const folder = join(temporaryFolder(), 'Release')
  mkdirSync(folder)
  for (const name of names) writeFileSync(join(folder, name), name)
  const stamp = { sources, version: '2.13.0+cu130', libtorch: '/home/somebody/torch', architectures: '90' }
  writeFileSync(join(folder, 'torch_lora.build.json'), JSON.stringify(stamp))
  return folder
}

describe('what release:pack takes of a build', () => {
  it('is all of it where there are GPUs, and the rest where there are none', () => {
    const folder = build([...core, ...distributed, ...cuda, 'something.else'])
    expect(new Set(packedBuild(folder, { cuda: true }).names)).toEqual(
      new Set([...core.slice(1), ...distributed, ...cuda]),
    )
    const { names, version, note } = packedBuild(folder, { cuda: false })
    expect(new Set(names)).toEqual(new Set([...core.slice(1), ...distributed]))
    expect(version).toBe('2.13.0+cu130')
    expect(note.name).toBe('torch_lora.build.json')
    expect(JSON.parse(note.text)).toEqual({ sources: sourceHash(), version })
  })

  it.each([
    ['a part is missing', core.slice(0, 2), undefined, /holds no whole build/],
    [
      'the sources have changed since',
      [...core, ...cuda],
      'others',
      /was built from other sources than these/,
    ],
    ['kernels are missing', [...core, cuda[1]!], undefined, /has no liblora_ops_cuda\.so: .*nvcc/],
    ['NCCL is missing too', core, undefined, /no liblora_ops_cuda\.so and no liblora_distributed_nccl\.so/],
  ])('is nothing where %s', (_what, names, sources, words) => {
    expect(() => packedBuild(build(names, sources), { cuda: true })).toThrow(words)
  })

  it.each([
    ['are missing', cuda, /has no liblora_cuda_kernels\.so/],
    [
      'have changed since',
      ['liblora_cuda_kernels.so'],
      /kernels\.so was built from other sources than these/,
    ],
  ])('is no CUDA kernels where they %s', (_what, names, words) => {
    expect(() => packedKernels(build(names))).toThrow(words)
  })
})
