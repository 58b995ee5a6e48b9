import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../libtorch/fakes.ts'

interface Builds {
  sourceHash(): string
  packedKernels(folder: string): string
  buildsBesidePrebuild(builds: string): { files: { to: string }[]; leftOut: string[] }
  packedBuild(
    folder: string,
    options: { cuda: boolean },
  ): { version: string; names: string[]; note: { name: string; text: string } }
}
const script = new URL('../../scripts/build-native.mjs', import.meta.url).href
const { buildsBesidePrebuild, packedBuild, packedKernels, sourceHash } = (await import(script)) as Builds

const core = ['torch_lora.node', 'libtorch_lora_core.so', 'liblora_ops.so']
const distributed = ['liblora_distributed.so', 'liblora_distributed_gloo.so']
const cuda = ['liblora_ops_cuda.so', 'liblora_distributed_nccl.so']

/** A build as scripts/build-native.mjs leaves it; libraries of text. */
function build(names: string[], sources = sourceHash(), into = temporaryFolder()): string {
  const folder = join(into, 'Release')
  mkdirSync(folder, { recursive: true })
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

describe('what pack takes beside build/Release', () => {
  it('is builds of the same sources for other releases; what would make a mixture is left out and named', () => {
    const builds = temporaryFolder()
    build(core, sourceHash(), builds) // for 2.13
    build([...core, 'liblora_distributed.so'], sourceHash(), join(builds, 'torch-2.12'))
    build(core, 'others', join(builds, 'torch-2.11'))
    build(core.slice(0, 2), sourceHash(), join(builds, 'torch-2.14'))
    build(core, sourceHash(), join(builds, 'torch-2.13'))
    const { files, leftOut } = buildsBesidePrebuild(builds)
    expect(new Set(files.map(({ to }) => to))).toEqual(
      new Set([
        'torch_lora.build.json',
        ...[...core.slice(1), 'liblora_distributed.so', 'torch_lora.build.json'].map(
          (name) => `torch-2.12/${name}`,
        ),
      ]),
    )
    expect(leftOut.sort()).toEqual([
      'build/torch-2.11 is left out: it was built from other sources',
      'build/torch-2.13 is left out: build/Release is for that release too',
      'build/torch-2.14 is left out: it is not whole',
    ])
  })

  it.each([
    ['nothing there', undefined, /no build to pack/],
    ['sources that have changed since', 'others', /build\/Release was built from other sources than these/],
  ])('is nothing with %s', (_what, sources, words) => {
    const builds = temporaryFolder()
    if (sources) build(core, sources, builds)
    expect(() => buildsBesidePrebuild(builds)).toThrow(words)
  })
})
