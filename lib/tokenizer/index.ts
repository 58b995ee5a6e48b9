export { AutoTokenizer, type TokenizerOptions } from './auto.ts'
export { type EncodeOptions, type Encoding, Tokenizer, type TokenizerInput } from './tokenizer.ts'
