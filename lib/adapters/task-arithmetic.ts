import * as ops from '../generated/ops.ts'
import type { Tensor } from '../tensor.ts'

/** Sums of tensors of one shape by the rules of several papers. Source: peft 0.21, utils/merge_utils.py. */

/** Which sign a place of the sum has: that of the sum of its values, or the one that most of them have. */
export type MajoritySignMethod = 'total' | 'frequency'

export interface SumOptions {
  /** A factor for each tensor. */
  weights: readonly number[]
  /** The share of each tensor's values that stays, from 0 to 1. */
  density: number
  majoritySignMethod: MajoritySignMethod
  /** Of each tensor, which has no shape that could be read while a program is recorded. */
  shape: readonly number[]
}

type Sum = (tensors: readonly Tensor[], options: SumOptions) => Tensor

/** What a combination does to tensors, by its name in PEFT without "_svd". */
export const sums = {
  /** Task arithmetic (Ilharco et al., 2023). */
  linear: (tensors, options) => added(weighted(tensors, options)),
  /** The largest values of each. */
  magnitude_prune: (tensors, options) => added(weighted(tensors.map(largest(options)), options)),
  /** The largest values of each, of those the ones of the majority's sign (Yadav et al., 2023). */
  ties: (tensors, options) => elected(tensors.map(largest(options)), options),
  /** Values that chance leaves, made larger by what it takes (Yu et al., 2024). */
  dare_linear: (tensors, options) => added(weighted(tensors.map(dropped(options)), options)),
  /** Both. */
  dare_ties: (tensors, options) => elected(tensors.map(dropped(options)), options),
} as const satisfies Record<string, Sum>

function weighted(tensors: readonly Tensor[], { weights }: SumOptions): Tensor[] {
  return tensors.map((tensor, i) => ops.mul(tensor, weights[i]!))
}

function added(tensors: readonly Tensor[]): Tensor {
  return ops.sum(ops.stack(tensors), [0])
}

/** Keeps the `density` share of largest magnitude. */
function largest({ density, shape }: SumOptions): (tensor: Tensor) => Tensor {
  const count = Math.trunc(density * shape.reduce((product, length) => product * length, 1))
  return (tensor) => {
    if (density >= 1) return tensor
    const flat = ops.reshape(tensor, [-1])
    const [, indices] = ops.topk(ops.abs(flat), count)
    const mask = ops.indexFill(ops.zerosLike(flat), 0, indices, 1)
    return ops.reshape(ops.mul(flat, mask), shape)
  }
}

/** Keeps a random `density` share, divided by it. */
function dropped({ density }: SumOptions): (tensor: Tensor) => Tensor {
  return (tensor) => {
    if (density >= 1) return tensor
    const mask = ops.bernoulli(ops.fullLike(tensor, density))
    return ops.div(ops.mul(tensor, mask), density)
  }
}

/** The mean, place by place, of the weighted values that have the majority's sign. */
function elected(tensors: readonly Tensor[], options: SumOptions): Tensor {
  const signs = ops.stack(tensors.map((tensor) => ops.sign(tensor))) // [N, ...]
  const votes = options.majoritySignMethod === 'total' ? added(tensors) : ops.sum(signs, [0])
  const one = ops.onesLike(votes)
  const majority = ops.where(ops.ge(votes, 0), one, ops.neg(one)) // 1 or -1
  const mask = ops.where(ops.eq(signs, majority), ops.onesLike(signs), ops.zerosLike(signs)) // [N, ...]
  const kept = ops.sum(ops.mul(ops.stack(weighted(tensors, options)), mask), [0])
  return ops.div(kept, ops.clamp(ops.sum(mask, [0]), { min: 1 }))
}
