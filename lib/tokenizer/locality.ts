/**
 * Whether the tokens of a text's beginning, cut before a single space between two ASCII letters or digits, are the
 * beginning of the text's tokens: true when the tokenizer splits at spaces before it looks up pieces, and changes
 * characters only by what stands next to them. Then a long text need not be read to its end to be truncated.
 *
 * @param json a tokenizer.json
 */
export function splitsAtSpaces(json: Record<string, unknown>): boolean {
  interface Part {
    type?: string
    pretokenizers?: Part[]
    normalizers?: Part[]
    use_regex?: boolean
    split?: boolean
    content?: string
    pattern?: { Regex?: string; String?: string }
  }
  const splits = (part: Part | null | undefined): boolean => {
    switch (part?.type) {
      case 'Sequence':
        return (part.pretokenizers ?? []).some(splits)
      case 'ByteLevel':
        return part.use_regex !== false
      case 'Metaspace':
        return part.split !== false
      default:
        return ['BertPreTokenizer', 'Whitespace', 'WhitespaceSplit'].includes(part?.type ?? '')
    }
  }
  const local = (part: Part | null | undefined): boolean => {
    if (!part) return true
    if (part.type === 'Sequence') return (part.normalizers ?? []).every(local)
    // The two that DeBERTa has: runs of white space become one space.
    if (part.type === 'Replace')
      return part.content === ' ' && [' {2,}', '\\s{2,}|[\\n\\r\\t]'].includes(part.pattern?.Regex ?? '')
    const known = [
      'BertNormalizer',
      'NFC',
      'NFD',
      'NFKC',
      'NFKD',
      'Lowercase',
      'StripAccents',
      'Strip',
      'Precompiled',
    ]
    return known.includes(part.type ?? '')
  }
  const added = (json.added_tokens ?? []) as { content: string }[]
  return (
    splits(json.pre_tokenizer as Part | null) &&
    local(json.normalizer as Part | null) &&
    !added.some((token) => /\s/.test(token.content))
  )
}

/**
 * Whether a word that stands alone is tokenized as the same word within a text: not where the space before a word is a
 * part of its first token and a text's beginning gets none.
 *
 * @param json a tokenizer.json
 */
export function takesWords(json: Record<string, unknown>): boolean {
  interface Part {
    type?: string
    pretokenizers?: Part[]
    add_prefix_space?: boolean
    prepend_scheme?: string
  }
  const takes = (part: Part | null | undefined): boolean =>
    (part?.pretokenizers ?? []).every(takes) &&
    !(part?.type === 'ByteLevel' && part.add_prefix_space === false) &&
    !(part?.type === 'Metaspace' && part.prepend_scheme === 'never')
  return takes(json.pre_tokenizer as Part | null)
}
