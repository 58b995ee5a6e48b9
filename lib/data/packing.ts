import { TorchLoraError } from '../errors.ts'
import type { PackedBatch, PositionScheme } from '../nn/batch.ts'
import { object, type Rules, readOptions } from '../options.ts'
import type { Encoding } from '../tokenizer/index.ts'

/** Rows of a model's tables of embeddings; 0 types where it has none. */
export interface EmbeddingTables {
  vocabSize: number
  typeVocabSize: number
}

/** What a batch is packed for. */
export interface PackBatchOptions {
  /** `model.positions` */
  positions: PositionScheme
  /**
   * What the model has rows for, `model.config`: an id beyond is an error here, which on a GPU would otherwise be one
   * of the device, after which the process could not use it any more.
   */
  tables?: EmbeddingTables | undefined
}

const rules: Rules<PackBatchOptions> = {
  positions: object('a scheme of positions, as model.positions'),
  tables: object('the sizes of tables of embeddings, as model.config'),
}

/**
 * Lays B encodings end to end, without padding: T tokens in all.
 *
 * @returns inputIds, positionIds and tokenTypeIds [T], cuSeqlens [B+1] (sequence b is tokens cuSeqlens[b] up to, not
 * including, cuSeqlens[b+1]), all int32, and the greatest length
 * @throws TorchLoraError INVALID_ARGUMENT for an empty batch, an encoding without tokens, or an id without a row
 */
export function packBatch(
  encodings: readonly Pick<Encoding, 'ids' | 'typeIds'>[],
  options: PackBatchOptions,
): PackedBatch {
  const { positions, tables } = readOptions('packBatch', options, rules)
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
  if (tables) {
    checkIds(inputIds, tables.vocabSize, 'token')
    if (tables.typeVocabSize > 0) checkIds(tokenTypeIds, tables.typeVocabSize, 'token type')
  }
  return { inputIds, positionIds, tokenTypeIds, cuSeqlens, maxSeqlen }
}

/** Tokens of each sequence of a packed batch, those that pad it included. */
export function sequenceLengths({ cuSeqlens }: PackedBatch): number[] {
  return Array.from(cuSeqlens.subarray(1), (end, b) => end - cuSeqlens[b]!)
}

function checkIds(ids: Int32Array, rows: number, what: string): void {
  for (const id of ids) {
    if (id >= 0 && id < rows) continue
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `packBatch: expected ${what} ids from 0 to ${rows - 1}, the rows of the model's embeddings, received ${id}; the tokenizer and the model do not belong together`,
    )
  }
}
