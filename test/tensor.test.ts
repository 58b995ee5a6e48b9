import { describe, expect, it } from 'vitest'
import { callOperator } from '../lib/dispatch.ts'
import { TorchLoraError } from '../lib/errors.ts'
import * as ops from '../lib/generated/ops.ts'
import { noGrad } from '../lib/grad-mode.ts'
import { memory } from '../lib/memory.ts'
import { manualSeed, rngState, setRngState } from '../lib/random.ts'
import { scope } from '../lib/scope.ts'
import { Tensor } from '../lib/tensor.ts'

const error = (body: () => unknown): TorchLoraError => {
  try {
    body()
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(TorchLoraError)
    return thrown as TorchLoraError
  }
  throw new Error('expected an error')
}

describe('Tensor', () => {
  it('keeps shape, dtype and values', async () => {
    const x = Tensor.from([
      [1, 2, 3],
      [4, 5, 6],
    ])
    expect(x.shape).toEqual([2, 3])
    expect(x.dtype).toBe('float32')
    expect(x.device).toBe('cpu')
    expect(x.numel).toBe(6)
    expect(x.toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ])
    expect(await x.read()).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6))
    expect(x.t().toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ])
  })

  it.each([
    'float32',
    'float64',
    'float16',
    'bfloat16',
    'int64',
    'int32',
    'int16',
    'int8',
    'uint8',
    'bool',
  ] as const)('reads %s', async (dtype) => {
    const x = Tensor.from([1, 0, 1]).to({ dtype })
    expect(x.dtype).toBe(dtype)
    expect(Array.from(await x.read(), Number)).toEqual([1, 0, 1])
  })

  it('widens half precision exactly', () => {
    const values = [0, -0, 1, -2.5, 65504, 2 ** -24, 2 ** -14, 1 / 3]
    const half = Tensor.from(values).to({ dtype: 'float16' })
    expect(half.readSync()).toEqual(half.to({ dtype: 'float32' }).readSync())
    const brain = Tensor.from(values).to({ dtype: 'bfloat16' })
    expect(brain.readSync()).toEqual(brain.to({ dtype: 'float32' }).readSync())
  })

  it('takes typed arrays and shapes', () => {
    expect(Tensor.from(Int32Array.of(1, 2, 3, 4), { shape: [2, 2] }).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect(Tensor.scalar(2.5).item()).toBe(2.5)
    expect(Tensor.from([]).shape).toEqual([0])
  })

  it('explains a wrong shape', () => {
    expect(error(() => Tensor.from([1, 2, 3], { shape: [2, 2] }))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(error(() => Tensor.from([[1], [2, 3]])).message).toMatch(/one shape/)
    expect(error(() => Tensor.zeros([-1])).code).toBe('NATIVE')
    expect(error(() => Tensor.from([1, 2]).item()).message).toMatch(/exactly one element/)
  })

  it('says which operator failed, and on what shapes', () => {
    const failure = error(() => ops.matmul(Tensor.zeros([2, 3]), Tensor.zeros([4, 5])))
    expect(failure).toMatchObject({ code: 'NATIVE', op: 'aten::matmul' })
    expect(failure.shapes).toEqual([
      [2, 3],
      [4, 5],
    ])
  })

  it('refuses arguments that do not fit the schema', () => {
    const x = Tensor.zeros([2])
    expect(error(() => ops.softmax(x, 0.5)).message).toMatch(
      /'dim' must be of type int, received the number 0.5/,
    )
    expect(error(() => callOperator('aten::matmul', x, 'text')).message).toMatch(
      /'other' must be of type Tensor/,
    )
    expect(error(() => callOperator('aten::matmul', x)).message).toMatch(/'other' is missing/)
    expect(error(() => callOperator('aten::no_such_op', x)).code).toBe('UNSUPPORTED')
    expect(error(() => callOperator('aten::neg', x, x, x)).message).toMatch(/takes 1 arguments, received 3/)
  })

  it('is unusable after dispose, without a crash', () => {
    const x = Tensor.zeros([2])
    x.dispose()
    x.dispose()
    expect(x.disposed).toBe(true)
    expect(error(() => ops.neg(x)).code).toBe('DISPOSED')
    expect(error(() => x.shape).code).toBe('DISPOSED')
  })

  it('differentiates', () => {
    const x = Tensor.from([1, 2, 3])
    x.requiresGrad = true
    ops.sum(ops.mul(x, x)).backward()
    expect(x.grad?.toArray()).toEqual([2, 4, 6])
    x.clearGrad()
    expect(x.grad).toBeNull()
    expect(noGrad(() => ops.mul(x, x)).requiresGrad).toBe(false)
    expect(error(() => ops.mul(x, x).backward()).code).toBe('NATIVE')
  })

  it('repeats random numbers from a seed and from a state', () => {
    manualSeed(7)
    const first = Tensor.randn([5]).toArray()
    const state = rngState()
    const second = Tensor.randn([5]).toArray()
    manualSeed(7)
    expect(Tensor.randn([5]).toArray()).toEqual(first)
    setRngState(state)
    expect(Tensor.randn([5]).toArray()).toEqual(second)
  })
})

describe('scope', () => {
  it('frees what it does not return', () => {
    const before = memory()
    const kept = scope(() => {
      const x = Tensor.randn([64, 64])
      return { product: ops.matmul(x, x.t()) }
    })
    expect(memory().tensors).toBe(before.tensors + 1)
    expect(memory().liveBytes).toBe(before.liveBytes + 64 * 64 * 4)
    kept.product.dispose()
    expect(memory()).toMatchObject({ tensors: before.tensors, liveBytes: before.liveBytes })
  })

  it('nests, and frees everything when its body throws', () => {
    const before = memory().tensors
    scope(() => {
      const inner = scope(() => ops.neg(Tensor.ones([2])))
      expect(memory().tensors).toBe(before + 1)
      expect(inner.toArray()).toEqual([-1, -1])
    })
    expect(() =>
      scope(() => {
        Tensor.ones([2])
        throw new Error('stop')
      }),
    ).toThrow('stop')
    expect(memory().tensors).toBe(before)
  })

  it('refuses an async body', () => {
    expect(error(() => scope(async () => 1)).code).toBe('INVALID_ARGUMENT')
  })
})
