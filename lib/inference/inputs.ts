import { TorchLoraError } from '../errors.ts'
import type { TokenizerInput } from '../tokenizer/index.ts'
import { checkWellFormed } from '../tokenizer/inputs.ts'

/** Two texts that the model reads as a pair. */
export interface TextPair {
  text: string
  textPair?: string
}

/** One thing to read: a text, or a pair as an object or as an array of two. */
export type TextInput = string | TextPair | readonly [text: string, textPair: string]

/**
 * An input as the tokenizer takes it.
 * @throws TorchLoraError INVALID_ARGUMENT saying which input is what
 */
export function tokenizerInput(input: unknown, index: number): TokenizerInput {
  const texts = asTexts(input, index)
  for (const text of typeof texts === 'string' ? [texts] : texts) checkWellFormed(text, index)
  return texts
}

/**
 * A text that must be one.
 * @param what which it is, for the message: "Input 3", "texts[3]"
 * @param filled whether it must hold more than spaces
 * @throws TorchLoraError INVALID_ARGUMENT
 */
export function textOf(value: unknown, what: string, { filled = false } = {}): string {
  if (typeof value !== 'string')
    throw new TorchLoraError('INVALID_ARGUMENT', `${what}: expected a string, received ${describe(value)}.`)
  if (filled && value.trim() === '')
    throw new TorchLoraError('INVALID_ARGUMENT', `${what}: expected a text, received an empty one.`)
  return value
}

function asTexts(input: unknown, index: number): TokenizerInput {
  if (typeof input === 'string') return input
  if (Array.isArray(input) && input.length === 2 && input.every((part) => typeof part === 'string'))
    return input as unknown as [string, string]
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) {
    const { text, textPair } = input as { text?: unknown; textPair?: unknown }
    if (typeof text === 'string' && textPair === undefined) return text
    if (typeof text === 'string' && typeof textPair === 'string') return [text, textPair]
  }
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `Input ${index}: expected a string, {text, textPair} or [text, textPair] of strings, received ${describe(input)}.`,
  )
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array [${value.slice(0, 3).map(describe).join(', ')}]`
  if (typeof value === 'object')
    return `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'no keys'}`
  return typeof value
}
