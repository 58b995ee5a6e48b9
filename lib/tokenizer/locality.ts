import type { Cuts } from './beginning.ts'

/** A component of a tokenizer.json. */
interface Part {
  type?: string | undefined
  pretokenizers?: Part[] | undefined
  normalizers?: Part[] | undefined
  use_regex?: boolean | undefined
  split?: boolean | undefined
  content?: string | undefined
  pattern?: { Regex?: string; String?: string } | undefined
  handle_chinese_chars?: boolean | undefined
}

const flat = (part: Part | null | undefined): Part[] =>
  part ? [part, ...[...(part.pretokenizers ?? []), ...(part.normalizers ?? [])].flatMap(flat)] : []

/** Pre-tokenizers that split at every white space. */
const splitsWhiteSpace = ({ type, use_regex }: Part) =>
  ['BertPreTokenizer', 'Whitespace', 'WhitespaceSplit'].includes(type ?? '') ||
  (type === 'ByteLevel' && use_regex !== false)
const splitsSpaces = (part: Part) =>
  splitsWhiteSpace(part) || (part.type === 'Metaspace' && part.split !== false)

/** Pre-tokenizers that decide by what stands near. */
const near = [
  'Sequence',
  'BertPreTokenizer',
  'Whitespace',
  'WhitespaceSplit',
  'ByteLevel',
  'Metaspace',
  'Punctuation',
  'Digits',
]

/** Normalizers that change characters only by what stands next to them. */
function isLocal({ type, content, pattern }: Part): boolean {
  // DeBERTa's two, which make runs of white space one space, and ALBERT's quotes.
  if (type === 'Replace')
    return pattern?.Regex !== undefined
      ? content === ' ' && [' {2,}', '\\s{2,}|[\\n\\r\\t]'].includes(pattern.Regex)
      : /^\S+$/.test(pattern?.String ?? '') && /^\S*$/.test(content ?? '')
  return [
    'Sequence',
    'BertNormalizer',
    'NFC',
    'NFD',
    'NFKC',
    'NFKD',
    'Lowercase',
    'StripAccents',
    'Strip',
    'Precompiled',
  ].includes(type ?? '')
}

/**
 * Where a text may be cut so that the tokens of its beginning are the beginning of its tokens: where the tokenizer
 * splits before it looks up pieces. Then a long text need not be read to its end to be truncated.
 *
 * @param json a tokenizer.json
 */
export function safeCuts(json: Record<string, unknown>): Cuts {
  const pre = flat(json.pre_tokenizer as Part | null)
  const normalizers = flat(json.normalizer as Part | null)
  const added = (json.added_tokens ?? []) as { content: string }[]
  const safe = normalizers.every(isLocal) && !added.some(({ content }) => /\s/.test(content))
  const whiteSpace = safe && pre.some(splitsWhiteSpace)
  return {
    spaces: safe && pre.some(splitsSpaces),
    breaks: whiteSpace,
    marks:
      safe &&
      pre.some(
        (part) => part.type === 'BertPreTokenizer' || (part.type === 'ByteLevel' && splitsWhiteSpace(part)),
      ) &&
      !added.some(({ content }) => /[,;!?.、。，！？；：]/.test(content)),
    probes: safe && pre.every(({ type }) => near.includes(type ?? '')),
    ideographs:
      safe &&
      !added.some(({ content }) => /\p{sc=Han}/u.test(content)) &&
      normalizers.some(
        ({ type, handle_chinese_chars }) => type === 'BertNormalizer' && handle_chinese_chars === true,
      ) &&
      pre.some(({ type }) => type === 'BertPreTokenizer'),
  }
}

/** Normalizers that take no character of a word away but marks on others, and make no word of two. */
const keepsWords = ['Sequence', 'BertNormalizer', 'NFC', 'NFD', 'Lowercase', 'StripAccents']

/**
 * How many characters a word has at most that may be known: a longer one is one unknown token, whatever is in it
 * (WordPiece's max_input_chars_per_word behind BERT's pre-tokenizer). Null where a word's length says nothing.
 *
 * @param json a tokenizer.json
 */
export function longestWord(json: Record<string, unknown>): number | null {
  const model = json.model as { type?: string; max_input_chars_per_word?: unknown } | null
  const most = model?.type === 'WordPiece' ? model.max_input_chars_per_word : null
  const [pre, ...others] = flat(json.pre_tokenizer as Part | null)
  const added = (json.added_tokens ?? []) as { content: string }[]
  const plain =
    pre?.type === 'BertPreTokenizer' &&
    others.length === 0 &&
    flat(json.normalizer as Part | null).every(({ type }) => keepsWords.includes(type ?? '')) &&
    !added.some(({ content }) => /^(?:[\p{L}\p{N}\p{So}]+|\s+)$/u.test(content))
  return plain && typeof most === 'number' && Number.isSafeInteger(most) && most > 0 ? most : null
}

/**
 * Whether a word that stands alone is tokenized as the same word within a text: not where the space before a word is a
 * part of its first token and a text's beginning gets none.
 *
 * @param json a tokenizer.json
 */
export function takesWords(json: Record<string, unknown>): boolean {
  interface Part {
    type?: string | undefined
    pretokenizers?: Part[] | undefined
    add_prefix_space?: boolean | undefined
    prepend_scheme?: string | undefined
  }
  const takes = (part: Part | null | undefined): boolean =>
    (part?.pretokenizers ?? []).every(takes) &&
    !(part?.type === 'ByteLevel' && part.add_prefix_space === false) &&
    !(part?.type === 'Metaspace' && part.prepend_scheme === 'never')
  return takes(json.pre_tokenizer as Part | null)
}
