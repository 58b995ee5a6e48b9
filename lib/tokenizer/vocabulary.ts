import { TorchLoraError } from '../errors.ts'
import type { Tokenizer } from './tokenizer.ts'

/**
 * Rows that a model's embedding may have beyond the tokenizer's tokens: it is padded to a round number, or has rows
 * that nobody uses (99 of DeBERTa-v3's 128,100, 899 of mDeBERTa's 251,000).
 */
export const spareRows = (rows: number): number => Math.max(128, Math.floor(rows / 128))

/**
 * Compares a tokenizer's vocabulary with that of the model it is for.
 * @throws TorchLoraError INCOMPATIBLE when the tokenizer has ids without a row, or so few that it is another model's
 */
export function checkVocabularies(tokenizer: Tokenizer, rows: number): void {
  const { vocabSize } = tokenizer
  if (vocabSize > rows)
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `The tokenizer has ${vocabSize} tokens, but the model has embeddings for ${rows}: they do not belong together, or tokens were added to the tokenizer and not to the model.`,
    )
  if (rows - vocabSize > spareRows(rows))
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `The tokenizer has ${vocabSize} tokens, the model embeddings for ${rows}, which is more than padding explains: they do not belong together, or the vocabulary is truncated.`,
    )
}
