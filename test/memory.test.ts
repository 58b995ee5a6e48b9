import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import * as ops from '../lib/generated/ops.ts'
import {
  manualSeed,
  memory,
  setFloat32MatmulPrecision,
  setThreads,
  Tensor,
  TorchLoraError,
  useDeterministicAlgorithms,
} from '../lib/index.ts'
import { toTorchLoraError } from '../lib/native.ts'
import { explainOutOfMemory } from '../lib/out-of-memory.ts'

const libtorchs =
  'CUDA out of memory. Tried to allocate 5.96 GiB. GPU 1 has a total capacity of 139.80 GiB of which 3.02 GiB is free. ' +
  'Including non-PyTorch memory, this process has 136.77 GiB memory in use. Of the allocated memory 130.11 GiB is ' +
  'allocated by PyTorch, and 1.50 GiB is reserved by PyTorch but unallocated. If reserved but unallocated memory is ' +
  'large try setting PYTORCH_ALLOC_CONF=expandable_segments:True to avoid fragmentation.'

describe('a full CUDA device', () => {
  it('is told in what was asked, what was free, and what takes less', () => {
    const thrown = Object.assign(new Error(libtorchs), { code: 'OUT_OF_MEMORY', op: 'aten::mm' })
    const error = toTorchLoraError(thrown) as TorchLoraError
    expect(error).toBeInstanceOf(TorchLoraError)
    expect(error.code).toBe('OUT_OF_MEMORY')
    expect(error.message).toMatch(
      /^aten::mm: Out of memory on cuda:1: 5\.96 GiB were asked for, 3\.02 GiB of 139\.80 GiB are free\. This process holds 130\.11 GiB in tensors and 1\.50 GiB for reuse\. .*batchSize/,
    )
  })

  it('leaves other messages alone', () => {
    const other = 'Out of memory on the CPU: 12 bytes were asked for.'
    expect(explainOutOfMemory(other)).toBe(other)
    expect(explainOutOfMemory(libtorchs.replace('Of the allocated', 'Of all'))).toContain(
      '3.02 GiB of 139.80 GiB',
    )
  })
})

it('lists only CUDA devices that were used', () => {
  expect(memory().cuda).toEqual([])
})

it('takes PyTorch’s names for the precision of float32 products', () => {
  for (const name of ['high', 'medium', 'highest'] as const) setFloat32MatmulPrecision(name)
  expect(() => setFloat32MatmulPrecision('tf32' as never)).toThrow(
    /must be 'highest', 'high' or 'medium', received 'tf32'/,
  )
})

it('refuses operators whose results depend on an order, as long as that is asked for', () => {
  const put = () => ops.put_(Tensor.zeros([4]), Tensor.from([1, 2], { dtype: 'int64' }), Tensor.ones([2]))
  useDeterministicAlgorithms(true)
  try {
    expect(put).toThrow(/deterministic implementation/)
  } finally {
    useDeterministicAlgorithms(false)
  }
  expect(put().toArray()).toEqual([0, 1, 1, 0])
  expect(() => useDeterministicAlgorithms('yes' as never)).toThrow(/expected true or false, received yes/)
})

it('takes a number of threads that a system can start, and a whole seed', async () => {
  for (const threads of [0, -1, 1.5, Number.NaN, 1025, 1e5, 2 ** 31, '2' as never])
    await expect(setThreads(threads)).rejects.toThrow(
      /threads must be a whole number from 1 to 1024, received/,
    )
  for (const seed of [0.5, Number.NaN, 2 ** 53, '2' as never])
    expect(() => manualSeed(seed)).toThrow(/seed must be a whole number from -9007199254740991/)
  manualSeed(-1)
})

describe('what V8 is told of native memory', () => {
  const MiB = 2 ** 20
  const external = () => memory().heldBytes

  it('is what storages hold, once, until the last handle on each goes', () => {
    const before = external()
    const base = Tensor.zeros([8, MiB / 4]) // 8 MiB
    expect(external() - before).toBe(8 * MiB)
    const views = [
      base.t(),
      ops.narrow(base, 0, 1, 2),
      ops.reshape(base, [-1]),
      ops.expand(base, [3, 8, MiB / 4]),
    ]
    expect(external() - before).toBe(8 * MiB)
    base.dispose()
    for (const view of views.slice(1)) view.dispose()
    expect(external() - before).toBe(8 * MiB)
    views[0]!.dispose()
    expect(external() - before).toBe(0)
  })

  it('is not what tensors claim', () => {
    const before = external()
    using one = Tensor.ones([1])
    using expanded = ops.expand(one, [2 ** 53 - 1])
    using meta = ops.empty([2 ** 53 - 1], { device: 'meta' })
    expect(expanded.shape).toEqual(meta.shape)
    expect(external() - before).toBe(4)
  })
})

describe('more than there is memory for', () => {
  it('is no reason to end the process: a tensor that does not fit into an ArrayBuffer', {
    timeout: 60_000,
  }, async () => {
    const child = new URL('large-tensor.ts', import.meta.url).pathname
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', child])
    expect(stdout).toBe('readSync OUT_OF_MEMORY\nbytes OUT_OF_MEMORY\n')
  })

  it('is not asked for where a shape and the values that are given differ', () => {
    for (const shape of [[2 ** 45], [2 ** 40, 2 ** 40], [2 ** 53 - 1, 2 ** 53 - 1, 0]])
      expect(() => Tensor.from(new Float32Array(3), { shape })).toThrow(
        /tensor of shape .* takes .* bytes, received 12/,
      )
  })
})
