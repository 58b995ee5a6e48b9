import * as ops from '../generated/ops.ts'
import type { Tensor } from '../tensor.ts'
import { type BatchTensors, sequenceMeans } from './batch.ts'

/**
 * How the rows of a sequence's tokens become one, by sentence-transformers' names (models/Pooling.py).
 * - `mean`, `max`: over all tokens, the special ones included
 * - `mean_sqrt_len_tokens`: their sum over the root of their number
 * - `weightedmean`: the n-th token, from 1, counts n times
 */
export type Pooling = 'mean' | 'max' | 'mean_sqrt_len_tokens' | 'weightedmean'

/** [T, H] -> [B, H]; of a sequence without tokens 0. */
export function poolSequences(rows: Tensor, batch: BatchTensors, pooling: Pooling): Tensor {
  switch (pooling) {
    case 'mean':
      return sequenceMeans(rows, batch) // [B, H]
    case 'max':
      return reduce(rows, batch, 'max') // [B, H]
    case 'mean_sqrt_len_tokens': {
      const ones = ops.onesLike(ops.slice(rows.detach(), { dim: 1, start: 0, end: 1 })) // [T, 1]
      const lengths = ops.clampMin(reduce(ones, batch, 'sum'), 1) // [B, 1]
      return ops.div(reduce(rows, batch, 'sum'), ops.sqrt(lengths)) // [B, H]
    }
    case 'weightedmean': {
      const weights = places(batch, rows) // [T, 1]
      const sums = reduce(ops.mul(rows, weights), batch, 'sum') // [B, H]
      return ops.div(sums, ops.clampMin(reduce(weights, batch, 'sum'), 1)) // [B, H]
    }
  }
}

function reduce(rows: Tensor, { cuSeqlens }: BatchTensors, how: 'sum' | 'max'): Tensor {
  const offsets = cuSeqlens.to({ dtype: 'int64' })
  return ops.segmentReduce(rows.contiguous(), how, {
    offsets,
    initial: how === 'sum' ? 0 : null,
    unsafe: true,
  })
}

/** The place of each token in its sequence, from 1, in the dtype of `rows`: [T, 1] */
function places({ cuSeqlens }: BatchTensors, rows: Tensor): Tensor {
  const ones = ops.onesLike(ops.slice(rows.detach(), { dim: 1, start: 0, end: 1 })) // [T, 1]
  const counted = ops.cumsum(ones, 0) // [T, 1], from 1 over the whole batch
  const starts = ops.slice(cuSeqlens, { start: 1 }) // [B]
  const index = ops.sub(ops.squeeze(counted, 1), 1) // [T]
  const sequence = ops.searchsorted(starts, index.to({ dtype: 'int32' }), { right: true }) // [T]
  const before = ops.indexSelect(cuSeqlens, 0, sequence) // [T]
  return ops.sub(counted, ops.unsqueeze(before, 1)) // [T, 1]
}
