import { classes } from './classes.ts'
import type { AddedToken, Json, TokenizerFolder } from './definition.ts'
import { fail } from './failure.ts'
import { albertNormalizers } from './from-sentencepiece.ts'

/**
 * Takes a tokenizer.json as it is, but for what tokenizer_config.json overrules in transformers, tokens that the
 * configuration adds, and a missing post_processor.
 * @throws Error with code INVALID_FILE
 */
export function fromTokenizerJson(folder: TokenizerFolder): Json {
  const { path, config, special, tokenizerClass } = folder
  const json = folder.readJson('tokenizer.json') as Json
  const model = json.model as Json | null | undefined
  if (typeof model !== 'object' || model === null || model.vocab === undefined)
    throw fail(
      'INVALID_FILE',
      `${path} has no "model" with a "vocab"; expected a tokenizer.json of huggingface/tokenizers`,
      path,
    )
  // Unigram keeps an array of [token, score], all others an object of ids.
  const vocab = model.vocab as Record<string, number> | [string, number][]
  const list = Array.isArray(vocab) ? new Map(vocab.map(([token], id) => [token, id])) : undefined
  const lookup = (token: string): number | undefined =>
    list
      ? list.get(token)
      : Object.hasOwn(vocab, token)
        ? (vocab as Record<string, number>)[token]
        : undefined
  const size = Array.isArray(vocab) ? vocab.length : Object.keys(vocab).length
  const added = folder.addTokens((json.added_tokens as AddedToken[] | undefined) ?? [], lookup, size)
  json.added_tokens = added

  const setPrefixSpace = (part: Json | null, value: boolean) => {
    if (part?.type === 'ByteLevel') part.add_prefix_space = value
    for (const inner of (part?.pretokenizers as Json[] | undefined) ?? []) setPrefixSpace(inner, value)
  }
  const normalizer = json.normalizer as Json | null
  if (normalizer?.type === 'BertNormalizer' && classes[tokenizerClass]?.file === 'vocab.txt') {
    if (typeof config.do_lower_case === 'boolean') normalizer.lowercase = config.do_lower_case
    if (typeof config.strip_accents === 'boolean') normalizer.strip_accents = config.strip_accents
    if (typeof config.tokenize_chinese_chars === 'boolean')
      normalizer.handle_chinese_chars = config.tokenize_chinese_chars
  }
  if (tokenizerClass === 'AlbertTokenizer' && ('do_lower_case' in config || 'keep_accents' in config)) {
    const parts = normalizer?.type === 'Sequence' ? (normalizer.normalizers as Json[]) : [normalizer]
    const charsmap = parts.filter((part): part is Json => part?.type === 'Precompiled')
    json.normalizer = { type: 'Sequence', normalizers: albertNormalizers(config, charsmap) }
  }
  const pre = json.pre_tokenizer as Json | null
  if (folder.addPrefixSpace !== undefined) setPrefixSpace(pre, folder.addPrefixSpace)
  // A file that says of no class how it is read counts as it is.
  const generic = /^(PreTrainedTokenizerFast|TokenizersBackend)$/.test(String(config.tokenizer_class))
  const bracketed = special.cls !== undefined && special.sep !== undefined
  if (tokenizerClass === 'RobertaTokenizer') {
    if (pre?.type === 'ByteLevel' && typeof config.add_prefix_space === 'boolean')
      pre.add_prefix_space = config.add_prefix_space
    if (bracketed) json.post_processor = folder.robertaProcessing(added, pre?.add_prefix_space === true)
  } else if (tokenizerClass === 'DebertaTokenizer' && !generic && bracketed)
    json.post_processor = folder.doubleTemplate(added, ['cls', 'sep'])
  else if ((json.post_processor ?? null) === null && bracketed)
    json.post_processor = folder.bertTemplate(added)
  return json
}
