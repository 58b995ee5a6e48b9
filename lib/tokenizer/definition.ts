import type { VocabularyFile } from './classes.ts'

/** A token as tokenizer.json's `added_tokens` lists it: matched whole in the text, before anything else. */
export interface AddedToken {
  id: number
  content: string
  single_word: boolean
  lstrip: boolean
  rstrip: boolean
  normalized: boolean
  special: boolean
}

/** The roles under which Hugging Face's files keep special tokens. */
export type SpecialTokenName = 'bos' | 'eos' | 'unk' | 'sep' | 'pad' | 'cls' | 'mask'

export type Json = Record<string, unknown>

/** What a tokenizer folder says, in one form whatever files it held. */
export interface TokenizerDefinition {
  /** A complete tokenizer.json. */
  json: Json
  /** tokenizer_config.json as it was, or an empty object. */
  config: Json
  /** Name of the file whose vocabulary was taken. */
  source: string
  /** The token of each special role. */
  special: Partial<Record<SpecialTokenName, string>>
  /** Greatest length in tokens that the files name; Infinity where they name none. */
  modelMaxLength: number
  truncationSide: 'left' | 'right'
  /** True for models without segments (RoBERTa): every token type id is 0. */
  zeroTypeIds: boolean
  /** Class that transformers loads this tokenizer with. */
  tokenizerClass: string
  /** Rows of the model's embedding, where config.json is there and says it. */
  modelRows?: number
}

/** How a DeBERTa tokenizer built from spm.model normalizes text: see TokenizerOptions in auto.ts. */
export type Normalization = 'transformers' | 'sentencepiece'

/** What the caller of AutoTokenizer decides, and what families say. */
export interface TokenizerSettings {
  normalization: Normalization
  /** The class that is taken for a `model_type` of config.json where a folder names none. */
  classOfModel: Readonly<Record<string, string>>
  /** Overrules `add_prefix_space` of tokenizer_config.json. */
  addPrefixSpace?: boolean
}

/** What a folder's reader offers the builders, one of which makes tokenizer.json out of each kind of vocabulary. */
export interface TokenizerFolder {
  /** Path of the file whose vocabulary is taken, for messages. */
  path: string
  /** Its name. */
  source: VocabularyFile
  config: Json
  tokenizerClass: string
  normalization: Normalization
  /** Where the caller decides it. */
  addPrefixSpace: boolean | undefined
  special: Partial<Record<SpecialTokenName, string>>
  /** Path of a file of the folder. */
  pathOf(name: string): string
  readBytes(name: string): Uint8Array
  readText(name: string): string
  readJson(name: string): Json | undefined
  /**
   * `added` with all tokens that the configuration names besides, by id. `vocabulary` gives the ids of tokens that
   * are in it, `size` is the first id after it.
   */
  addTokens(
    added: AddedToken[],
    vocabulary: (token: string) => number | undefined,
    size: number,
  ): AddedToken[]
  /** Refuses a vocabulary that lacks a special token: every text would come out wrong. */
  requireSpecial(has: (token: string) => boolean, roles: SpecialTokenName[]): void
  /** A post_processor: [CLS] A [SEP] B [SEP], token types 0 and 1. */
  bertTemplate(added: AddedToken[]): Json
  /** A post_processor of two special tokens: [CLS] A [SEP] [SEP] B [SEP], token types 0. */
  doubleTemplate(added: AddedToken[], ends: [SpecialTokenName, SpecialTokenName]): Json
  /** A post_processor: <s> A </s></s> B </s>, token types 0, that takes spaces off offsets. */
  robertaProcessing(added: AddedToken[], addPrefixSpace: boolean): Json
}

/** Makes a tokenizer.json (without version, padding and truncation) from the files of a folder. */
export type BuildTokenizer = (folder: TokenizerFolder) => Json
