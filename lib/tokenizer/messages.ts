import type { Cuts } from './beginning.ts'
import type { SpecialTokenName, TokenizerSettings } from './definition.ts'
import type { Failure } from './failure.ts'

/** What the tokenizer's process is told first. */
export interface EngineSetup {
  dir: string
  settings: TokenizerSettings
}

/** What the main process knows of a loaded tokenizer. */
export interface TokenizerFacts {
  source: string
  tokenizerClass: string
  vocabSize: number
  modelMaxLength: number
  truncationSide: 'left' | 'right'
  /** Special tokens that {@link Layout} puts around one text and around two. */
  specialTokensPerText: number
  specialTokensPerPair: number
  special: Partial<Record<SpecialTokenName, { token: string; id: number }>>
  /** Whether words that stand alone are tokenized as the same words in a text are. */
  takesWords: boolean
  /** Where a text that will be truncated may be cut before it is sent. */
  cuts: Cuts
}

/** How an input that is too long is cut: the names of transformers. */
export type TruncationStrategy = 'longest_first' | 'only_first' | 'only_second'

/** Texts of a batch, laid flat: an input of two texts takes two places. */
export interface EncodeRequest {
  kind: 'encode'
  /** Place of the first input among the caller's, for messages. */
  first: number
  texts: string[]
  /** For each of `texts` how it was cut: see Beginning. */
  cut?: Uint8Array
  /** The texts as words, instead of `texts`. */
  words?: string[][]
  /** For each input 1 (one text) or 2 (a pair). */
  counts: Uint8Array
  maxLength: number
  /** -1 for truncation; 0 or more for sliding windows that share so many tokens. */
  stride: number
  strategy: TruncationStrategy
  /** Which end is cut; undefined as the tokenizer's files say. */
  side?: 'left' | 'right'
  addSpecialTokens: boolean
  /** Whether to say where each token comes from. */
  located: boolean
}

/** Every window of every input, end to end. */
export interface EncodeReply {
  ids: Int32Array<ArrayBuffer>
  typeIds: Int32Array<ArrayBuffer>
  /** Where window w begins and ends: [bounds[w], bounds[w+1]). */
  bounds: Int32Array<ArrayBuffer>
  /** How many windows each input has: 1 without a stride. */
  windows: Int32Array<ArrayBuffer>
  /** 1 where tokens of the input are in no first window. */
  truncated: Uint8Array<ArrayBuffer>
  /** Inputs whose beginnings have too few tokens: without windows here, to be asked again with more of the text. */
  again: number[]
  /** Where `located`: see Encoding. */
  offsets?: Int32Array<ArrayBuffer>
  wordIds?: Int32Array<ArrayBuffer>
  sequenceIds?: Int32Array<ArrayBuffer>
}

export type EngineRequest =
  | EncodeRequest
  | { kind: 'decode'; ids: Uint32Array[]; skipSpecialTokens: boolean }
  | { kind: 'tokensToIds'; tokens: string[] }
  | { kind: 'idsToTokens'; ids: Uint32Array }
  | { kind: 'save'; dir: string }

export interface EngineReplies {
  encode: EncodeReply
  decode: string[]
  tokensToIds: (number | null)[]
  idsToTokens: (string | null)[]
  /** Paths of the files written. */
  save: string[]
}

export interface NumberedRequest {
  id: number
  request: EngineRequest
}

/** What the process says, one or several at once: first of the tokenizer (id -1), then a reply a request. */
export type EngineMessage =
  | { id: -1; facts: TokenizerFacts }
  | { id: number; value: unknown }
  | { id: number; error: Failure }

/** The part of the `tokenizers` package (huggingface/tokenizers, bindings/node) that is used. */
export interface NativeTokenizer {
  encode(text: string, pair: null, options: { addSpecialTokens: boolean }): Promise<NativeEncoding>
  encodeBatch(texts: string[], options: { addSpecialTokens: boolean }): Promise<NativeEncoding[]>
  decodeBatch(ids: number[][], skipSpecialTokens: boolean): Promise<string[]>
  getVocabSize(withAddedTokens: boolean): number
  idToToken(id: number): string | null
  tokenToId(token: string): number | null
  save(path: string, pretty: boolean): void
}

/** What the engine knows of a text's tokens. */
export interface NativeEncoding {
  getIds(): number[]
  /** In code points. */
  getOffsets(): [number, number][]
  getWordIds(): (number | null | undefined)[]
}
