import type { Json, TokenizerFolder } from './definition.ts'
import { fail } from './failure.ts'

/** What RoBERTa and DeBERTa have in their vocabulary without a merge that makes it. */
const unmade = /^(<.+>|\[.+\]|\|.+\||madeupword\d+)$/
/** So many more may be there: tokens that somebody added. */
const MAX_UNMADE = 16

/**
 * Byte-level BPE from vocab.json and merges.txt, as transformers' `RobertaTokenizer` and `DebertaTokenizer` (v1) build
 * it.
 * @throws Error with code INVALID_FILE
 */
export function fromVocabAndMerges(folder: TokenizerFolder): Json {
  const { path, config } = folder
  const vocab = folder.readJson('vocab.json') as Record<string, number>
  const known = (token: string) => Object.hasOwn(vocab, token)
  const bad = Object.entries(vocab).find(([, id]) => !Number.isInteger(id) || id < 0)
  if (bad)
    throw fail(
      'INVALID_FILE',
      `${path}: the id of ${JSON.stringify(bad[0])} is ${JSON.stringify(bad[1])}; expected a whole number`,
      path,
    )
  const owners = new Map<number, string>()
  for (const [token, id] of Object.entries(vocab)) {
    const other = owners.get(id)
    if (other !== undefined)
      throw fail(
        'INVALID_FILE',
        `${path}: ${JSON.stringify(other)} and ${JSON.stringify(token)} have the same id, ${id}; the file is damaged, fetch it again`,
        path,
      )
    owners.set(id, token)
  }
  folder.requireSpecial(known, ['sep', 'cls', 'pad'])

  const mergesPath = folder.pathOf('merges.txt')
  const merges: [string, string][] = []
  folder
    .readText('merges.txt')
    .split(/\r?\n/)
    .forEach((line, i) => {
      if (line === '' || (i === 0 && line.startsWith('#version'))) return
      const where = `${mergesPath}, line ${i + 1}`
      const [left, right, ...rest] = line.split(' ')
      if (left === undefined || right === undefined || rest.length > 0)
        throw fail(
          'INVALID_FILE',
          `${where}: expected two pieces with a space between, received ${JSON.stringify(line)}`,
          mergesPath,
        )
      const missing = [left, right, left + right].find((piece) => !known(piece))
      if (missing !== undefined)
        throw fail(
          'INVALID_FILE',
          `${where}: ${JSON.stringify(missing)} is not in vocab.json; the two files are not of one model, or vocab.json is truncated`,
          mergesPath,
        )
      merges.push([left, right])
    })

  // A token of several characters that no merge makes is a special one, of which there are a few.
  const made = new Set(merges.map(([left, right]) => left + right))
  const lost = Object.keys(vocab).filter(
    (token) => [...token].length > 1 && !made.has(token) && !unmade.test(token),
  )
  if (lost.length > MAX_UNMADE)
    throw fail(
      'INVALID_FILE',
      `${mergesPath} makes ${made.size} of the tokens of vocab.json, and not ${lost.length} others, such as ${JSON.stringify(lost[0])}; it is truncated, or of another model: fetch it again`,
      mergesPath,
    )

  const added = folder.addTokens(
    [],
    (token) => (known(token) ? vocab[token] : undefined),
    Object.keys(vocab).length,
  )
  const addPrefixSpace = config.add_prefix_space === true
  return {
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: {
      type: 'ByteLevel',
      add_prefix_space: addPrefixSpace,
      trim_offsets: true,
      use_regex: true,
    },
    post_processor:
      folder.tokenizerClass === 'DebertaTokenizer'
        ? folder.doubleTemplate(added, ['cls', 'sep'])
        : folder.robertaProcessing(added, addPrefixSpace),
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  }
}
