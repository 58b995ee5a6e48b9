import { TorchLoraError } from '../errors.ts'
import type { Encoding } from '../tokenizer/index.ts'
import type { LongText } from './classifier-options.ts'
import type { Engine } from './engine.ts'
import { type ClassifierInput, tokenizerInput } from './inputs.ts'

export interface EncodeTextsOptions {
  /** Tokens of a text at most. */
  maxLength: number
  longText: LongText
  /** Which end of a long text is cut. */
  truncationSide?: 'left' | 'right'
  /** Tokens that neighbouring windows share. Default: a quarter of maxLength, at most 64. */
  windowOverlap?: number
}

/**
 * Texts as an engine's tokens; the windows of a long text are in `overflow`.
 * @throws TorchLoraError TOO_LONG, INVALID_ARGUMENT, INCOMPATIBLE when tokenizer and model do not belong together
 */
export async function encodeTexts(
  { tokenizer, model }: Engine,
  inputs: readonly ClassifierInput[],
  { maxLength, longText, truncationSide, windowOverlap }: EncodeTextsOptions,
): Promise<Encoding[]> {
  const texts = inputs.map(tokenizerInput)
  const encodings = await tokenizer.encodeBatch(texts, { maxLength, truncationSide })
  if (tokenizer.vocabSize > model.config.vocabSize) checkIds(encodings, model.config.vocabSize)
  const long = encodings.flatMap(({ truncated }, i) => (truncated ? [i] : []))
  if (longText === 'refuse' && long.length > 0)
    throw new TorchLoraError(
      'TOO_LONG',
      `Input ${long[0]} has more than ${maxLength} tokens: shorten it, or allow truncation.`,
    )
  const single = long.filter((i) => typeof texts[i] === 'string')
  if (longText === 'windows' && single.length > 0) {
    const stride = windowOverlap ?? Math.min(64, Math.floor(maxLength / 4))
    const windows = await tokenizer.encodeBatch(
      single.map((i) => texts[i]!),
      { maxLength, stride },
    )
    for (const [k, i] of single.entries()) encodings[i] = windows[k]!
  }
  return encodings
}

/** Tokens of a text, all its windows together. */
export function tokensOf({ ids, overflow }: Encoding): number {
  return overflow.reduce((sum, window) => sum + window.ids.length, ids.length)
}

/** An id outside the embeddings would fail the whole batch it is in. */
function checkIds(encodings: readonly Encoding[], vocabSize: number): void {
  for (const [i, { ids }] of encodings.entries()) {
    const outside = ids.find((id) => id >= vocabSize)
    if (outside !== undefined)
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `Input ${i} has token ${outside}, but the model knows ${vocabSize}: tokenizer and model do not belong together.`,
      )
  }
}
