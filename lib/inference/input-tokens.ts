import type { Encoding, Tokenizer, TokenizerInput } from '../tokenizer/index.ts'
import type { InputToken } from './options.ts'

/** The tokens of an input by what they stand for. @param encoding with offsets */
export async function inputTokens(
  tokenizer: Tokenizer,
  texts: TokenizerInput,
  encoding: Encoding,
): Promise<InputToken[]> {
  const names = await tokenizer.idsToTokens(encoding.ids)
  return Array.from(encoding.ids, (id, t): InputToken => {
    const sequence = encoding.sequenceIds![t]!
    if (sequence < 0) return { id, text: names[t] ?? '', special: true, sequence, start: null, end: null }
    const [start, end] = [encoding.offsets![2 * t]!, encoding.offsets![2 * t + 1]!]
    const text = typeof texts === 'string' ? texts : texts[sequence]!
    return { id, text: text.slice(start, end), special: false, sequence, start, end }
  })
}
