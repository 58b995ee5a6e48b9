import { describe, expect, it } from 'vitest'
import type { TorchLoraError } from '../../lib/errors.ts'
import * as fused from '../../lib/generated/fused.ts'
import { methods } from '../../lib/generated/methods.ts'
import * as ops from '../../lib/generated/ops.ts'
import { compile } from '../../lib/program.ts'
import { Tensor } from '../../lib/tensor.ts'

const square = () =>
  Tensor.from([
    [1, 2],
    [3, 4],
  ])

const message = (body: () => unknown): string => {
  try {
    body()
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'INVALID_ARGUMENT' })
    return (thrown as TorchLoraError).message
  }
  throw new Error('expected an error')
}

// Values are those of torch 2.13 for the same line.
describe('ops, as PyTorch reads', () => {
  it('takes a number where torch takes a Scalar, and for a tensor of an operation', () => {
    const x = square()
    expect(ops.add(x, 1).toArray()).toEqual([
      [2, 3],
      [4, 5],
    ])
    expect(ops.add(x, x, { alpha: 2 }).toArray()).toEqual([
      [3, 6],
      [9, 12],
    ])
    expect(ops.eq(x, 2).toArray()).toEqual([
      [0, 1],
      [0, 0],
    ])
    expect(ops.pow(2, x).toArray()).toEqual([
      [2, 4],
      [8, 16],
    ])
    expect(ops.where(ops.gt(x, 2), x, 0).toArray()).toEqual([
      [0, 0],
      [3, 4],
    ])
    expect(ops.div(x, 2, { roundingMode: 'floor' }).toArray()).toEqual([
      [0, 1],
      [1, 2],
    ])
    expect(ops.maskedFill(x, ops.lt(x, 3), -1).toArray()).toEqual([
      [-1, -1],
      [3, 4],
    ])
  })

  it('promotes types as PyTorch does', () => {
    const whole = square().to({ dtype: 'int64' })
    expect(ops.add(whole, 2).dtype).toBe('int64')
    expect(ops.add(whole, 2.5).dtype).toBe('float32')
    expect(ops.div(whole, 2).dtype).toBe('float32')
    expect(ops.mul(square().to({ dtype: 'bfloat16' }), 0.5).dtype).toBe('bfloat16')
    expect(ops.add(whole, true).dtype).toBe('int64')
    expect(whole.pow(2).dtype).toBe('int64')
  })

  it('chooses an overload by what comes', () => {
    const x = square()
    expect(ops.sum(x).item()).toBe(10)
    expect(ops.sum(x, 1, { keepdim: true }).toArray()).toEqual([[3], [7]])
    expect(ops.sum(x, [0, 1]).item()).toBe(10)
    expect(ops.sum(x, { dtype: 'float64' }).dtype).toBe('float64')
    expect(ops.max(x).item()).toBe(4)
    expect(ops.max(x, 1).map((part) => part.toArray())).toEqual([
      [2, 4],
      [1, 1],
    ])
    expect(ops.max(x, ops.neg(x)).toArray()).toEqual(x.toArray())
    expect(ops.split(x, 1).map((part) => part.shape)).toEqual([
      [1, 2],
      [1, 2],
    ])
    expect(ops.split(x, [2, 0]).map((part) => part.shape)).toEqual([
      [2, 2],
      [0, 2],
    ])
    expect(ops.arange(3).toArray()).toEqual([0, 1, 2])
    expect(ops.arange(1, 3).toArray()).toEqual([1, 2])
    expect(ops.arange(0, 1, 0.5).toArray()).toEqual([0, 0.5])
    expect(ops.std(x, 0, { correction: 0 }).toArray()).toEqual([1, 1])
    expect(ops.std(x, 0, { unbiased: false }).toArray()).toEqual([1, 1])
    expect(ops.var(x, 0).toArray()).toEqual([2, 2])
    expect(ops.squeeze(ops.unsqueeze(x, 0)).shape).toEqual([2, 2])
    expect(ops.squeeze(ops.unsqueeze(x, 0), 1).shape).toEqual([1, 2, 2])
    expect(ops.clamp(x, { max: 3 }).toArray()).toEqual([
      [1, 2],
      [3, 3],
    ])
    expect(ops.clamp(x, Tensor.from([2, 3])).toArray()).toEqual([
      [2, 3],
      [3, 4],
    ])
    expect(ops.to(x, 'int32').dtype).toBe('int32')
    expect(ops.to(x, 'cpu', 'float64').dtype).toBe('float64')
  })

  it('takes an optional argument by position or by name', () => {
    const x = square()
    expect(ops.cat([x, x], 1).shape).toEqual([2, 4])
    expect(ops.cat([x, x], { dim: 1 }).shape).toEqual([2, 4])
    expect(ops.argmax(x, -1, { keepdim: true }).shape).toEqual([2, 1])
    expect(ops.argmax(x, undefined).item()).toBe(3)
    expect(ops.slice(x, 1, 1).toArray()).toEqual([[2], [4]])
    expect(ops.slice(x, { dim: 1, end: 1 }).toArray()).toEqual([[1], [3]])
    expect(ops.layerNorm(x, [2], { eps: 0 }).toArray()).toEqual([
      [-1, 1],
      [-1, 1],
    ])
    expect(ops.layerNorm(x, [2], null, Tensor.from([1, 1]), 0).toArray()).toEqual([
      [0, 2],
      [0, 2],
    ])
  })

  it("takes a loss's reduction as a word", () => {
    const x = square()
    const y = x.add(2)
    expect(ops.mseLoss(x, y).item()).toBe(4)
    expect(ops.mseLoss(x, y, 'sum').item()).toBe(16)
    expect(ops.mseLoss(x, y, { reduction: 'none' }).shape).toEqual([2, 2])
    const target = Tensor.from([0, 1], { dtype: 'int64' })
    expect(ops.crossEntropyLoss(x, target, { reduction: 'none' }).shape).toEqual([2])
    expect(message(() => ops.mseLoss(x, y, { reduction: 'average' as never }))).toMatch(
      /'none', 'mean' or 'sum', received average/,
    )
    expect(message(() => ops.mseLoss(x, y, { reduction: 1 as never }))).toMatch(/received 1/)
  })

  it('has methods that chain, and are the same operators', () => {
    const x = square()
    expect(x.matmul(x).softmax(-1).sum().item()).toBeCloseTo(2)
    expect(x.sub(3).relu().toArray()).toEqual([
      [0, 0],
      [0, 1],
    ])
    expect(x.sum(1, { keepdim: true }).toArray()).toEqual([[3], [7]])
    expect(x.t().contiguous().view([-1]).toArray()).toEqual([1, 3, 2, 4])
    expect(x.maskedFill(x.gt(2), 0).mean().item()).toBe(0.75)
    expect(x.mul_(2).add_(1)).toBe(x)
    expect(x.toArray()).toEqual([
      [3, 5],
      [7, 9],
    ])
    const all = ops as unknown as Record<string, (...args: unknown[]) => unknown>
    expect(Object.keys(methods).filter((name) => typeof all[name] !== 'function')).toEqual([])
    expect(Object.keys(methods).filter((name) => !(name in Tensor.prototype))).toEqual([])
    expect(Object.keys(x)).toEqual([])
  })

  it('records as it runs', async () => {
    const body = (x: Tensor) => ({
      a: x.matmul(x).add(1).softmax(-1, { dtype: 'float64' }),
      b: ops.where(x.gt(2), x, 0).sum(0),
      c: x.max(1)[0].mul_(2),
      d: ops.cat(x.unbind(0)),
    })
    const recorded = await compile(body)(square())
    const eager = body(square())
    for (const name of ['a', 'b', 'c', 'd'] as const) {
      expect(recorded[name].toArray()).toEqual(eager[name].toArray())
    }
  })

  it('says what an operator takes where nothing fits', () => {
    const x = square()
    const loose = ops as unknown as Record<string, (...args: unknown[]) => unknown>
    expect(message(() => loose.softmax!(x))).toMatch(/aten::softmax needs 'dim'/)
    expect(message(() => loose.matmul!(x, x, x))).toMatch(/takes 2 by position, received 3/)
    expect(message(() => loose.add!(x, x, { alpah: 2 }))).toMatch(
      /no argument 'alpah'; it has self, other, alpha/,
    )
    expect(message(() => loose.add!(x, x, { other: x }))).toMatch(/'other' by position and by name/)
    expect(message(() => loose.eq!(x, 'a'))).toMatch(
      /\(self: Tensor, other: .*\) or .*received \(a tensor, 'a'\)/,
    )
    expect(message(() => loose.sum!(x, 1, { keepDim: true }))).toMatch(
      /received \(a tensor, 1, { keepDim }\)/,
    )
    expect(message(() => loose.sum!(x, 0.5))).toMatch(/dim/)
    expect(message(() => loose.cat!([x, 1]))).toMatch(/holds the number 1/)
    expect(message(() => loose.add_!(1, x))).toMatch(/'self' is written to/)
    expect(message(() => loose.max!(x, 'a'))).toMatch(/received \(a tensor, 'a'\)/)
    expect(message(() => x.add(undefined as never))).toMatch(/needs 'other'/)
    expect(message(() => x.add(null as never))).toMatch(/received null/)
    expect(message(() => (fused as unknown as typeof loose).dropout!(x))).toMatch(/lora::dropout needs 'p'/)
  })
})
