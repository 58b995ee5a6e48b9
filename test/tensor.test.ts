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

  it("takes a number in a tensor's place for a number, as PyTorch does", () => {
    const held = Array.from({ length: 5 }, (_, i) => Tensor.full([1], 100 + i)) // tensors with the ids of small numbers
    const x = Tensor.from([1, 2])
    for (const number of [0, 1, 2, x.id, -3]) {
      const sum = callOperator('aten::add.Tensor', x, number) as Tensor
      expect(sum.toArray()).toEqual([1 + number, 2 + number])
    }
    expect((callOperator('aten::add.Tensor', 2, x) as Tensor).toArray()).toEqual([3, 4])
    expect(held).toHaveLength(5)
  })

  it('lets a number decide no dtype', () => {
    const dtype = (op: string, tensor: Tensor, number: unknown) =>
      (callOperator(op, tensor, number) as Tensor).dtype
    const whole = Tensor.from([1, 2], { dtype: 'int32' })
    const half = Tensor.from([1, 2]).to({ dtype: 'bfloat16' })
    expect(dtype('aten::add.Tensor', whole, 2)).toBe('int32')
    expect(dtype('aten::add.Tensor', whole, 2n)).toBe('int32')
    expect(dtype('aten::add.Tensor', whole, true)).toBe('int32')
    expect(dtype('aten::add.Tensor', whole, 2.5)).toBe('float32')
    expect(dtype('aten::mul.Tensor', half, 2.5)).toBe('bfloat16')
    expect(dtype('aten::div.Tensor', whole, 2)).toBe('float32')
    expect(dtype('aten::add.Tensor', Tensor.from([1], { dtype: 'bool' }), 1)).toBe('int64')
  })

  it('refuses a number where only a tensor can be, and a tensor where only a number can', () => {
    const x = Tensor.from([1, 2])
    expect(error(() => callOperator('aten::add_.Tensor', 1, x))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(error(() => callOperator('aten::add_.Tensor', 1, x)).message).toMatch(
      /'self' is written to and must be a tensor, received the number 1/,
    )
    expect(error(() => callOperator('aten::cat', [x, 1])).message).toMatch(
      /'tensors' is a list of tensors, but holds the number 1 at 1/,
    )
    expect(error(() => callOperator('aten::cat', [1, 2])).message).toMatch(/must be of type Tensor/)
    expect(error(() => callOperator('aten::cat', [x, null])).code).toBe('INVALID_ARGUMENT')
    expect(error(() => callOperator('aten::softmax.int', x, x)).message).toMatch(
      /'dim' must be of type int, received a tensor/,
    )
    expect(error(() => callOperator('aten::sum.dim_IntList', x, [x])).message).toMatch(
      /received a list of tensors/,
    )
    expect(error(() => callOperator('aten::neg', [x])).message).toMatch(/received a list of tensors/)
    expect(error(() => callOperator('aten::add.Scalar', x, x)).message).toMatch(/received a tensor/)
    expect(error(() => callOperator('aten::add.Tensor', x, { id: x.id })).message).toMatch(
      /received an object/,
    )
  })

  it('gives the tensor that it got where nothing is new', () => {
    const before = memory().tensors
    const x = Tensor.from([3, 4])
    expect(ops.add_(x, x)).toBe(x)
    expect(ops.zero_(x)).toBe(x)
    expect(x.to({ dtype: 'float32', device: 'cpu' })).toBe(x)
    expect(ops.contiguous(x)).toBe(x)
    expect(ops.dropout(x, 0.5, false)).toBe(x)
    expect(callOperator('aten::add.out', x, x, 1, x)).toBe(x)
    expect(x.to({ dtype: 'float64' })).not.toBe(x)
    expect(x.detach()).not.toBe(x)
    const list = callOperator('aten::atleast_1d.Sequence', [x, Tensor.scalar(1)]) as Tensor[]
    expect(list[0]).toBe(x)
    expect(list[1]).not.toBe(x)
    expect(memory().tensors).toBeGreaterThan(before)
  })

  it('gives one gradient however often it is read', () => {
    const x = Tensor.from([1, 2])
    x.requiresGrad = true
    ops.sum(ops.mul(x, x)).backward()
    const before = memory().tensors
    const { grad } = x
    expect(x.grad).toBe(grad)
    expect(memory().tensors).toBe(before + 1)
    ops.sum(ops.mul(x, x)).backward()
    expect(x.grad).toBe(grad) // accumulated in place
    expect(grad!.toArray()).toEqual([4, 8])
    x.clearGrad()
    expect(x.grad).toBeNull()
    ops.sum(x).backward()
    expect(x.grad!.toArray()).toEqual([1, 1])
    x.grad!.dispose()
    expect(x.grad!.toArray()).toEqual([1, 1])
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

  it('keeps what a Map, a Set, an instance or a cycle of objects holds', () => {
    class Pair {
      next: unknown = this
      constructor(
        readonly left: Tensor,
        private right: Tensor,
      ) {}
      get both() {
        return [this.left, this.right]
      }
    }
    const before = memory().tensors
    const kept = scope(() => {
      Tensor.ones([2])
      return {
        map: new Map([[Tensor.ones([1]), { value: Tensor.ones([2]) }]]),
        set: new Set([Tensor.ones([3])]),
        pair: new Pair(Tensor.ones([4]), Tensor.ones([5])),
        bytes: new Uint8Array(4),
      }
    })
    expect(memory().tensors).toBe(before + 5)
    const [[key, { value }]] = [...kept.map] as [[Tensor, { value: Tensor }]]
    const all = [key, value, ...kept.set, ...kept.pair.both]
    expect(all.map((tensor) => tensor.shape[0])).toEqual([1, 2, 3, 4, 5])
    for (const tensor of all) tensor.dispose()
    expect(memory().tensors).toBe(before)
  })

  it('does not call getters', () => {
    const result = scope(() => ({
      get value() {
        throw new Error('called')
      },
    }))
    expect(() => result.value).toThrow('called')
  })

  it('lasts until an async body is done, and tells tasks apart', async () => {
    const made: Tensor[] = []
    const task = (length: number) =>
      scope(async () => {
        const x = Tensor.ones([length])
        made.push(x)
        await new Promise((resolve) => setTimeout(resolve, 5 - length))
        const y = ops.neg(x)
        await null
        expect(x.disposed).toBe(false)
        return { y, sum: ops.sum(y) }
      })
    const [one, three] = await Promise.all([task(1), task(3)])
    expect([one.sum.item(), three.sum.item()]).toEqual([-1, -3])
    expect(made.map((x) => x.disposed)).toEqual([true, true])
    await scope(async () => {
      const inner = await scope(async () => Tensor.ones([2]))
      made.push(inner)
      expect(inner.toArray()).toEqual([1, 1])
    })
    await expect(
      scope(async () => {
        made.push(Tensor.ones([2]))
        await null
        throw new Error('stop')
      }),
    ).rejects.toThrow('stop')
    expect(made.map((x) => x.disposed)).toEqual([true, true, true, true])
  })

  it('leaves what unawaited work makes later to the scope outside', async () => {
    let late: Promise<Tensor> | undefined
    await scope(async () => {
      scope(() => {
        late = new Promise((resolve) => setTimeout(() => resolve(Tensor.ones([2])), 1))
      })
      expect((await late!).disposed).toBe(false)
    })
    expect((await late!).disposed).toBe(true)
  })
})
