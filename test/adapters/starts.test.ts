import { expect, it } from 'vitest'
import type { LoraInit } from '../../lib/adapters/config.ts'
import { initialFactors } from '../../lib/adapters/initial.ts'
import * as ops from '../../lib/generated/ops.ts'
import { Linear } from '../../lib/nn/linear.ts'
import { manualSeed } from '../../lib/random.ts'
import type { Tensor } from '../../lib/tensor.ts'

// Source of what is expected: peft 0.21, tuners/lora/layer.py.

const [r, scaling, wide, high] = [8, 2, 300, 200]
const numbers = (tensor: Tensor) => Array.from(tensor.readSync(), Number)
const norm = (tensor: Tensor) => Math.hypot(...numbers(tensor))
const deviation = (tensor: Tensor) => norm(tensor) / Math.sqrt(tensor.numel)
const largest = (tensor: Tensor) => numbers(tensor).reduce((most, x) => Math.max(most, Math.abs(x)), 0)
/** As a weight is after training: of singular values that fall, with a rest that has all of them. */
function weightOf(): Linear {
  manualSeed(3)
  const linear = new Linear(wide, high, { std: 0.02 })
  const parts = new Linear(20, high, { std: 1 }).weight.matmul(new Linear(wide, 20, { std: 0.05 }).weight)
  linear.weight = ops.add(linear.weight, parts)
  return linear
}
const start = (linear: Linear, how: LoraInit, rank = r) => {
  manualSeed(7)
  return initialFactors(linear, { r: rank, scaling, how })
}

it('A is kaiming-uniform or normal(0, 1/r) and B zero; with false both are kaiming-uniform', () => {
  const linear = weightOf()
  const usual = start(linear, true)
  expect(largest(usual.A)).toBeLessThanOrEqual(1 / Math.sqrt(wide))
  expect(deviation(usual.A) * Math.sqrt(3 * wide)).toBeCloseTo(1, 1)
  expect(largest(usual.B)).toBe(0)
  const gaussian = start(linear, 'gaussian')
  expect(deviation(gaussian.A) * r).toBeCloseTo(1, 1)
  expect(largest(gaussian.A)).toBeGreaterThan(2.5 / r) // and is not uniform
  expect(largest(gaussian.B)).toBe(0)
  const { B } = start(linear, false)
  expect(largest(B)).toBeLessThanOrEqual(1 / Math.sqrt(r))
  expect(deviation(B) * Math.sqrt(3 * r)).toBeCloseTo(1, 1)
})

it('orthogonal factors are random, of rank r/2 each, and their product is zero', () => {
  const { A, B, residual } = start(weightOf(), 'orthogonal')
  expect(residual).toBeUndefined()
  expect([A.shape, B.shape]).toEqual([
    [r, wide],
    [high, r],
  ])
  expect(largest(ops.matmul(B, A))).toBeLessThan(1e-6)
  // Each row of A^T is r/2 normal numbers in an orthonormal basis, over 10.
  for (const factor of [A, B]) {
    expect(deviation(factor) * 10 * Math.SQRT2).toBeCloseTo(1, 1)
    const values = numbers(ops.linalgSvd(factor, { fullMatrices: false })[1])
    expect(values[r / 2 - 1]).toBeGreaterThan(1)
    expect(values[r / 2]).toBeLessThan(1e-5)
  }
  expect(() => start(weightOf(), 'orthogonal', 7)).toThrow(/'orthogonal' takes an even rank, r is 7/)
})

it('PiSSA, fast and exact, and OLoRA take a part of the weight away that with the rest is the weight', () => {
  const linear = weightOf()
  const values = numbers(ops.linalgSvd(linear.weight, { fullMatrices: false })[1])
  const principal = Math.hypot(...values.slice(0, r))
  const taken = (how: LoraInit) => {
    const { A, B, residual } = start(linear, how)
    const part = ops.mul(ops.matmul(B, A), scaling)
    expect(largest(ops.sub(ops.add(residual!, part), linear.weight))).toBeLessThan(1e-5)
    return { A, B, part: norm(part), rest: norm(residual!) }
  }
  const rest = Math.hypot(...values.slice(r))
  const exact = taken('pissa')
  expect(exact.part / principal).toBeCloseTo(1, 5)
  expect(exact.rest / rest).toBeCloseTo(1, 4)
  // A random projection finds nearly all of it, the more the more often it is iterated.
  const [fast, faster] = [taken('pissa_niter_16'), taken('pissa_niter_1')]
  expect(fast.rest / rest).toBeGreaterThanOrEqual(1 - 1e-5)
  expect(fast.rest / rest).toBeLessThan(1.001)
  expect(faster.rest).toBeGreaterThan(fast.rest)
  expect(numbers(ops.matmul(fast.A, fast.A.t()))[0]).toBeCloseTo(values[0]! / scaling, 2)
  const { B } = taken('olora')
  const gram = numbers(ops.matmul(B.t(), B)).map((x, i) => x - (i % (r + 1) === 0 ? 1 : 0))
  expect(Math.hypot(...gram)).toBeLessThan(1e-5) // orthonormal columns
})
