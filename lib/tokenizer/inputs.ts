import { TorchLoraError } from '../errors.ts'

export const invalid = (message: string) => new TorchLoraError('INVALID_ARGUMENT', message)

export const describe = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? `an array of ${value.length}` : typeof value

const describeAll = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.slice(0, 3).map(describe).join(', ')}${value.length > 3 ? ', ...' : ''}]`
    : describe(value)

/**
 * A surrogate without its other half is no character: it has no UTF-8 and would silently become U+FFFD.
 * @throws TorchLoraError INVALID_ARGUMENT
 */
export function checkWellFormed(text: string, index: number): void {
  if (!(text as string & { isWellFormed(): boolean }).isWellFormed())
    throw invalid(
      `input ${index}: the text has a lone surrogate at position ${text.search(/\p{Surrogate}/u)}: it was cut inside a character; cut at code points, or repair it with toWellFormed()`,
    )
}

/**
 * The one or two texts of an input.
 * @throws TorchLoraError INVALID_ARGUMENT
 */
export function collectTexts(input: unknown, index: number): { texts: string[]; chars: number } {
  const texts = Array.isArray(input) ? input : [input]
  if (texts.some((text) => typeof text !== 'string') || (Array.isArray(input) && texts.length !== 2))
    throw invalid(
      `input ${index}: expected a string or a pair of strings [first, second], received ${describeAll(input)}`,
    )
  for (const text of texts) checkWellFormed(text, index)
  return { texts, chars: texts.reduce((sum: number, text: string) => sum + text.length, 0) }
}

/**
 * The one or two texts of an input, each as its words.
 * @throws TorchLoraError INVALID_ARGUMENT
 */
export function collectWords(input: unknown, index: number): { texts: string[][]; chars: number } {
  const pair = Array.isArray(input) && Array.isArray(input[0])
  const texts = pair ? input : [input]
  const isWords = (words: unknown) => Array.isArray(words) && words.every((word) => typeof word === 'string')
  if (!texts.every(isWords) || (pair && texts.length !== 2))
    throw invalid(
      `input ${index}: expected an array of words (strings), or a pair of such arrays, received ${describeAll(input)}`,
    )
  let chars = 0
  for (const words of texts)
    for (const word of words) {
      checkWellFormed(word, index)
      chars += word.length + 8
    }
  return { texts, chars }
}
