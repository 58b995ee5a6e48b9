import type { Json, TokenizerFolder } from './definition.ts'
import { fail } from './failure.ts'

/**
 * WordPiece from BERT's vocab.txt, a token a line, as transformers' `BertTokenizer` (DistilBERT, ELECTRA) and `MPNetTokenizer`
 * build it.
 * @throws Error with code INVALID_FILE
 */
export function fromVocabTxt(folder: TokenizerFolder): Json {
  const { config, special, path, tokenizerClass } = folder
  const vocab: Record<string, number> = Object.create(null)
  const lines = folder.readText('vocab.txt').split(/\r\n|\n|\r/)
  if (lines.at(-1) === '') lines.pop()
  lines.forEach((token, id) => {
    if (token in vocab || token === '')
      throw fail(
        'INVALID_FILE',
        `${path}, line ${id + 1}: ${token === '' ? 'a line without a token' : `${JSON.stringify(token)} is on line ${vocab[token]! + 1} too`}; every id needs a token of its own: the file is damaged, fetch it again`,
        path,
      )
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
    post_processor:
      tokenizerClass === 'MPNetTokenizer'
        ? folder.robertaProcessing(added, false)
        : folder.bertTemplate(added),
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
