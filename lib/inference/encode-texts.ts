import { TorchLoraError } from '../errors.ts'
import {
  defaultOverlap,
  type Encoding,
  encodeMixed,
  isWords,
  type TruncationStrategy,
  type Words,
} from '../tokenizer/index.ts'
import type { Engine } from './engine.ts'
import { type TextInput, tokenizerInput } from './inputs.ts'
import type { LongText } from './long-texts.ts'
import type { EncodedRequest } from './text-pipeline.ts'

/** A text, a pair, or a text as its words. */
export type EncodeInput = TextInput | Words

export interface EncodeTextsOptions {
  /** Tokens of a text at most. */
  maxLength: number
  longText: LongText
  /** Which end of a long text is cut. */
  truncationSide?: 'left' | 'right' | undefined
  /** Tokens that neighbouring windows share. Default: a quarter of maxLength, at most 64. */
  windowOverlap?: number | undefined
  /** Which text of a pair is cut. Default: the longer first. */
  truncation?: TruncationStrategy | undefined
  /** Number of the first input, for messages. Default 0. */
  first?: number | undefined
  /** Say where tokens come from (`Encoding.offsets`). Default false. */
  offsets?: boolean | undefined
}

/**
 * Texts as an engine's tokens; the windows of a long text are in `overflow`.
 * @throws TorchLoraError TOO_LONG, INVALID_ARGUMENT, INCOMPATIBLE when tokenizer and model do not belong together
 */
export async function encodeTexts(
  { tokenizer, model }: Engine,
  inputs: readonly EncodeInput[],
  { maxLength, longText, windowOverlap, first = 0, ...options }: EncodeTextsOptions,
): Promise<Encoding[]> {
  const texts = inputs.map((input, i) => (isWords(input) ? input : tokenizerInput(input, first + i)))
  const { truncation, offsets } = options
  // What is refused is read no further than to where that is known, and so from its beginning.
  const truncationSide = longText === 'refuse' ? 'right' : options.truncationSide
  const encodings = await encodeMixed(tokenizer, texts, { maxLength, truncationSide, truncation, offsets })
  checkIds({ tokenizer, model }, encodings, first)
  const long = encodings.flatMap(({ truncated }, i) => (truncated ? [i] : []))
  if (longText === 'refuse' && long.length > 0)
    throw new TorchLoraError(
      'TOO_LONG',
      `Input ${first + long[0]!} has more than ${maxLength} tokens: shorten it, or allow truncation.`,
    )
  const single = long.filter((i) => typeof texts[i] === 'string' || isWords(texts[i]!))
  if (longText === 'windows' && single.length > 0) {
    const stride = overlapOf({ maxLength, windowOverlap })
    const windows = await encodeMixed(
      tokenizer,
      single.map((i) => texts[i]!),
      { maxLength, stride, offsets },
    )
    for (const [k, i] of single.entries()) encodings[i] = windows[k]!
  }
  return encodings
}

/** Tokens that neighbouring windows share. */
export function overlapOf({
  maxLength,
  windowOverlap,
}: {
  maxLength: number
  windowOverlap?: number | undefined
}): number {
  return windowOverlap ?? defaultOverlap(maxLength)
}

/** The windows of a text: one where it is short. */
export function windowsOf(encoding: Encoding): readonly Encoding[] {
  return [encoding, ...encoding.overflow]
}

/** Whether a part of a text is in none of its windows. */
export function isCut([first, ...others]: readonly Encoding[]): boolean {
  return first!.truncated && others.length === 0
}

/** Tokens of a request, all windows of its texts together. */
export function tokensOf({ texts }: EncodedRequest): number {
  return texts.flat().reduce((sum, { ids }) => sum + ids.length, 0)
}

/**
 * An id outside the embeddings would fail the whole batch it is in.
 * @throws TorchLoraError INCOMPATIBLE
 */
export function checkIds(
  { tokenizer, model }: Pick<Engine, 'tokenizer' | 'model'>,
  encodings: readonly Encoding[],
  first: number,
): void {
  const { vocabSize } = model.config
  if (tokenizer.vocabSize <= vocabSize) return
  for (const [i, { ids }] of encodings.entries()) {
    const outside = ids.find((id) => id >= vocabSize)
    if (outside !== undefined)
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `Input ${first + i} has token ${outside}, but the model knows ${vocabSize}: tokenizer and model do not belong together.`,
      )
  }
}
