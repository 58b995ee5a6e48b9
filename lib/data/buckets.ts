import type { PackedBatch } from '../nn/batch.ts'

/**
 * A batch with padding tokens behind its own, so that batches of many sizes have few shapes: what a CUDA graph, which
 * is captured for one shape, needs to be used again.
 *
 * The tokens of a batch are rounded up to eighths of a power of two: above 64 tokens, at most an eighth is padding. The
 * sequences are rounded up to a power of two, the bound of their lengths to one of at least 16. Padding forms sequences
 * of its own at the end, no longer than that bound, behind the empty ones that are left; so the batch's own sequences
 * attend to what they did. The logits of the rest are to be dropped, and its labels to have no weight (`padLabels`).
 *
 * A batch that already has such a shape comes back as it is.
 */
export function padToBucket(batch: PackedBatch, { padTokenId }: { padTokenId: number }): PackedBatch {
  const tokens = batch.inputIds.length
  const sequences = batch.cuSeqlens.length - 1
  const maxSeqlen = powerOfTwo(batch.maxSeqlen, 16)
  // A sequence starts at a token, so that there is a row to read of it: empty ones need one of padding behind them.
  const exact = tokenBucket(tokens) === tokens && powerOfTwo(sequences) === sequences
  const rows = exact ? tokens : tokenBucket(tokens + 1)
  const padding = Math.ceil((rows - tokens) / maxSeqlen)
  const count = powerOfTwo(sequences + padding)
  const longer = (values: Int32Array, fill: number) => {
    const padded = new Int32Array(rows).fill(fill, tokens)
    padded.set(values)
    return padded
  }
  const cuSeqlens = new Int32Array(count + 1).fill(tokens)
  cuSeqlens.set(batch.cuSeqlens)
  for (let i = 0; i < padding; i++) cuSeqlens[count - i] = rows - i * maxSeqlen
  return {
    inputIds: longer(batch.inputIds, padTokenId),
    positionIds: longer(batch.positionIds, 0),
    tokenTypeIds: longer(batch.tokenTypeIds, 0),
    cuSeqlens,
    maxSeqlen,
  }
}

/** Rounded up to an eighth of the power of two below, and to a multiple of 8. */
function tokenBucket(tokens: number): number {
  const step = Math.max(8, 2 ** (Math.floor(Math.log2(tokens)) - 3))
  return Math.ceil(tokens / step) * step
}

function powerOfTwo(count: number, least = 1): number {
  return Math.max(least, 2 ** Math.ceil(Math.log2(count)))
}
