import * as fused from '../generated/fused.ts'
import * as ops from '../generated/ops.ts'
import type { Tensor } from '../tensor.ts'
import type { BatchTensors } from './batch.ts'

export interface BiasedAttention {
  /** As `biasTable` makes it: [P, N, D + 1] */
  bias: Tensor
  /** D */
  headSize: number
  /** Distances from -maxDistance to maxDistance - 1 have a row of their own, those beyond share the outermost. */
  maxDistance: number
  /** Probability of dropping an attention weight; 0 outside training. */
  dropout: number
}

/**
 * softmax(QK^T / sqrt(D) + bias[i - j]) V within each sequence: attention under a bias that depends on the distance.
 * It is disentangled attention (`lora::disentangled_attention`) with one dimension more, of which queries have 1 and
 * keys 0, and the table of positions the bias; so nothing of the size of a score is ever stored.
 * @param qkv [T, 3, N, D]
 * @returns [T, N, D]
 */
export function biasedAttention(
  qkv: Tensor,
  batch: BatchTensors,
  { bias, headSize, maxDistance, dropout }: BiasedAttention,
): Tensor {
  const one = ops.constantPadNd(ops.newOnes(qkv, [1, 1, 1]), [headSize, 0, 0, 0, 0, 2]) // [3, 1, D + 1]
  const wide = ops.add(ops.constantPadNd(qkv, [0, 1]), one) // [T, 3, N, D + 1]
  const context = fused.disentangledAttention(
    wide,
    bias,
    null,
    batch.cuSeqlens,
    batch.maxSeqlen,
    -1,
    maxDistance,
    { dropoutP: dropout, scale: 1 / Math.sqrt(headSize) },
  ) // [T, N, D + 1]
  return ops.narrow(context, 2, 0, headSize) // [T, N, D]
}

/**
 * What the layers of a batch share: the rows of a bias that its distances reach.
 * @param bias [2 maxDistance, N]: row r is the bias at a distance i - j of r - maxDistance, i the query, j the key
 * @returns [P, N, D + 1], P at most 2 maxSeqlen - 1
 */
export function biasTable(
  bias: Tensor,
  { maxSeqlen }: BatchTensors,
  { headSize, maxDistance }: { headSize: number; maxDistance: number },
): Tensor {
  const reached = fused.reachablePositions(bias, maxSeqlen, -1, maxDistance) // [P, N]
  const scaled = ops.mul(reached, Math.sqrt(headSize)) // the product's scale takes it back
  return ops.constantPadNd(ops.unsqueeze(scaled, -1), [headSize, 0]) // [P, N, D + 1]
}
