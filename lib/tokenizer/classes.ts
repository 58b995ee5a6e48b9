import type { AddedToken, SpecialTokenName } from './definition.ts'

/** The files that a vocabulary is taken from. */
export type VocabularyFile =
  | 'tokenizer.json'
  | 'spm.model'
  | 'spiece.model'
  | 'sentencepiece.bpe.model'
  | 'vocab.json'
  | 'vocab.txt'

/** A token as configuration files write it. */
export type TokenSpec = string | (Partial<Omit<AddedToken, 'id'>> & { content: string })

/** What a tokenizer class of transformers says that no file does. */
export interface TokenizerClass {
  /** Where its vocabulary is, where there is no tokenizer.json. */
  file: VocabularyFile
  /** Its special tokens, where no file names others. */
  special: Partial<Record<SpecialTokenName, TokenSpec>>
  /** True for a model without segments: every token type id is 0. */
  zeroTypeIds?: boolean | undefined
}

const bracketed = { unk: '[UNK]', sep: '[SEP]', pad: '[PAD]', cls: '[CLS]', mask: '[MASK]' }
const bracketedEnds = { ...bracketed, bos: '[CLS]', eos: '[SEP]' }
const fairseq = {
  bos: '<s>',
  eos: '</s>',
  unk: '<unk>',
  sep: '</s>',
  pad: '<pad>',
  cls: '<s>',
  mask: '<mask>',
}
/** A mask that takes the space before it. */
const wide = { content: '<mask>', lstrip: true }

/** By the names of transformers, without "Fast". */
export const classes: Readonly<Record<string, TokenizerClass>> = {
  BertTokenizer: { file: 'vocab.txt', special: bracketed },
  DistilBertTokenizer: { file: 'vocab.txt', special: bracketed, zeroTypeIds: true },
  ElectraTokenizer: { file: 'vocab.txt', special: bracketed },
  MPNetTokenizer: {
    file: 'vocab.txt',
    special: { ...fairseq, unk: '[UNK]', mask: wide },
    zeroTypeIds: true,
  },
  RobertaTokenizer: { file: 'vocab.json', special: fairseq, zeroTypeIds: true },
  DebertaTokenizer: { file: 'vocab.json', special: bracketedEnds },
  DebertaV2Tokenizer: { file: 'spm.model', special: bracketedEnds },
  XLMRobertaTokenizer: { file: 'sentencepiece.bpe.model', special: fairseq, zeroTypeIds: true },
  CamembertTokenizer: {
    file: 'sentencepiece.bpe.model',
    special: { ...fairseq, mask: wide },
    zeroTypeIds: true,
  },
  AlbertTokenizer: { file: 'spiece.model', special: { ...bracketedEnds, unk: '<unk>', pad: '<pad>' } },
}

/** The class that a vocabulary file is for where nothing else says it; of sentencepiece.bpe.model there are two. */
export const classOfFile: Readonly<Partial<Record<VocabularyFile, string>>> = {
  'spm.model': 'DebertaV2Tokenizer',
  'spiece.model': 'AlbertTokenizer',
  'vocab.json': 'RobertaTokenizer',
  'vocab.txt': 'BertTokenizer',
}
