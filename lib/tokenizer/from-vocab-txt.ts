import type { Json, TokenizerFolder } from './definition.ts'

/**
 * WordPiece from BERT's vocab.txt, a token a line, as transformers' `BertTokenizer` builds it.
 * @throws Error with code INVALID_FILE
 */
export function fromVocabTxt(folder: TokenizerFolder): Json {
  const { config, special } = folder
  const vocab: Record<string, number> = Object.create(null)
  const lines = folder.readText('vocab.txt').split(/\r\n|\n|\r/)
  if (lines.at(-1) === '') lines.pop()
  lines.forEach((token, id) => {
    vocab[token] = id
  })
  folder.requireSpecial((token) => token in vocab, ['unk', 'sep', 'cls'])
  const added = folder.addTokens([], (token) => vocab[token], lines.length)
  return {
    added_tokens: added,
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars !== false,
      strip_accents: typeof config.strip_accents === 'boolean' ? config.strip_accents : null,
      lowercase: config.do_lower_case !== false,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: folder.bertTemplate(added),
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: special.unk,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  }
}
