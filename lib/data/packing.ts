import { TorchLoraError } from '../errors.ts'
import type { PackedBatch, PositionScheme } from '../nn/batch.ts'
import type { Encoding } from '../tokenizer/index.ts'

/**
 * Lays B encodings end to end, without padding: T tokens in all.
 *
 * @returns inputIds, positionIds and tokenTypeIds [T], cuSeqlens [B+1] (sequence b is tokens cuSeqlens[b] up to, not
 * including, cuSeqlens[b+1]), all int32, and the greatest length
 * @throws TorchLoraError INVALID_ARGUMENT for an empty batch or an encoding without tokens
 */
export function packBatch(
  encodings: readonly Pick<Encoding, 'ids' | 'typeIds'>[],
  options: { positions: PositionScheme },
): PackedBatch {
  const { positions } = options
  if (encodings.length === 0)
    throw new TorchLoraError('INVALID_ARGUMENT', 'packBatch: expected at least one encoding, received none')
  const cuSeqlens = new Int32Array(encodings.length + 1)
  let maxSeqlen = 0
  encodings.forEach(({ ids, typeIds }, b) => {
    if (ids.length === 0)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `packBatch: encoding ${b} has no tokens; encode with special tokens, so that an empty text has some`,
      )
    if (typeIds.length !== ids.length)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `packBatch: encoding ${b} has ${ids.length} ids and ${typeIds.length} typeIds; expected as many`,
      )
    cuSeqlens[b + 1] = cuSeqlens[b]! + ids.length
    maxSeqlen = Math.max(maxSeqlen, ids.length)
  })
  const total = cuSeqlens[encodings.length]!
  const inputIds = new Int32Array(total)
  const positionIds = new Int32Array(total)
  const tokenTypeIds = new Int32Array(total)
  encodings.forEach(({ ids, typeIds }, b) => {
    const start = cuSeqlens[b]!
    inputIds.set(ids, start)
    tokenTypeIds.set(typeIds, start)
    if (positions.kind === 'zero') for (let i = 0; i < ids.length; i++) positionIds[start + i] = i
    else {
      let position = positions.padTokenId
      for (let i = 0; i < ids.length; i++)
        positionIds[start + i] = ids[i] === positions.padTokenId ? positions.padTokenId : ++position
    }
  })
  return { inputIds, positionIds, tokenTypeIds, cuSeqlens, maxSeqlen }
}
