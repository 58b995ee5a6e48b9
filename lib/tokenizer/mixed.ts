import type { EncodeOptions, Encoding, Tokenizer, TokenizerInput } from './tokenizer.ts'

/** A text as its words. */
export interface Words {
  words: readonly string[]
}

/** Whether an input is a text as its words. */
export function isWords(input: unknown): input is Words {
  return typeof input === 'object' && input !== null && 'words' in input
}

/**
 * Texts, pairs and texts as their words, in their order: `encodeBatch` of some, `encodeWords` of the others.
 * @throws TorchLoraError as those two; UNSUPPORTED only where there are words
 */
export async function encodeMixed(
  tokenizer: Tokenizer,
  inputs: readonly (TokenizerInput | Words)[],
  options: EncodeOptions,
): Promise<Encoding[]> {
  const asWords = inputs.flatMap((input, i) => (isWords(input) ? [{ words: input.words, i }] : []))
  if (asWords.length === 0) return tokenizer.encodeBatch(inputs as readonly TokenizerInput[], options)
  const asText = inputs.flatMap((input, i) => (isWords(input) ? [] : [{ text: input, i }]))
  const [words, texts] = await Promise.all([
    tokenizer.encodeWords(
      asWords.map((one) => one.words),
      options,
    ),
    tokenizer.encodeBatch(
      asText.map(({ text }) => text),
      options,
    ),
  ])
  const encodings: Encoding[] = new Array(inputs.length)
  for (const [k, { i }] of asWords.entries()) encodings[i] = words[k]!
  for (const [k, { i }] of asText.entries()) encodings[i] = texts[k]!
  return encodings
}

/** Tokens that neighbouring windows of a text share where nobody says it: a quarter, at most 64. */
export function defaultOverlap(maxLength: number): number {
  return Math.min(64, Math.floor(maxLength / 4))
}
