export { AutoTokenizer, type TokenizerOptions, tokenizerRules } from './auto.ts'
export type { Normalization, SpecialTokenName } from './definition.ts'
export type { TruncationStrategy } from './messages.ts'
export { defaultOverlap, encodeMixed, isWords, type Words } from './mixed.ts'
export {
  type EncodeOptions,
  type Encoding,
  Tokenizer,
  type TokenizerInput,
  type WordsInput,
} from './tokenizer.ts'
export { checkVocabularies } from './vocabulary.ts'
