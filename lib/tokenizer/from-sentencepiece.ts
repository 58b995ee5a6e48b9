import type { AddedToken, Json, SpecialTokenName, TokenizerFolder } from './definition.ts'
import { fail } from './failure.ts'
import { readSentencePiece, type SentencePieceModel } from './sentencepiece-model.ts'

/** The parts of a unigram tokenizer in which classes differ. */
interface UnigramParts {
  vocab: [string, number][]
  unkId: number
  byteFallback?: boolean | undefined
  required: SpecialTokenName[]
  normalizers: Json[]
  pretokenizers: Json[]
  template(added: AddedToken[]): Json
}

const replace = (pattern: Json, content: string): Json => ({ type: 'Replace', pattern, content })
const precompiled = (charsmap: Uint8Array): Json[] =>
  charsmap.length === 0
    ? []
    : [{ type: 'Precompiled', precompiled_charsmap: Buffer.from(charsmap).toString('base64') }]
const metaspace = (prepend_scheme: string): Json => ({
  type: 'Metaspace',
  replacement: '▁',
  prepend_scheme,
  split: true,
})

/**
 * ALBERT's normalizers, in transformers' order.
 * @param charsmap of the SentencePiece model, as normalizers
 */
export const albertNormalizers = (config: Json, charsmap: Json[]): Json[] => [
  replace({ String: '``' }, '"'),
  replace({ String: "''" }, '"'),
  ...(config.keep_accents === true ? [] : [{ type: 'NFKD' }, { type: 'StripAccents' }]),
  ...(config.do_lower_case === false ? [] : [{ type: 'Lowercase' }]),
  ...charsmap,
]

/**
 * DeBERTa-v2 and v3. With normalization `transformers` it is what transformers 5's `DebertaV2Tokenizer` builds. With
 * `sentencepiece` it is what SentencePiece does: the character map of the model, and bytes for characters that are in
 * no piece where the model has them.
 */
function debertaV2(folder: TokenizerFolder, { pieces, charsmap, unkId, byteFallback }: SentencePieceModel) {
  const { config } = folder
  const own = folder.normalization === 'transformers'
  const lower = config.do_lower_case === true ? [{ type: 'Lowercase' }] : []
  const punctuation = config.split_by_punct === true ? [{ type: 'Punctuation', behavior: 'Isolated' }] : []
  return {
    vocab: pieces,
    unkId,
    byteFallback: byteFallback && !own,
    required: ['unk', 'sep', 'cls', 'pad'],
    normalizers: own
      ? [
          ...lower,
          replace({ Regex: '\\s{2,}|[\\n\\r\\t]' }, ' '),
          { type: 'NFC' },
          { type: 'Strip', strip_left: false, strip_right: true },
        ]
      : [
          ...lower,
          { type: 'Strip', strip_left: true, strip_right: true },
          ...precompiled(charsmap),
          replace({ Regex: ' {2,}' }, ' '),
        ],
    pretokenizers: [...punctuation, metaspace(config.add_prefix_space === false ? 'first' : 'always')],
    template: folder.bertTemplate,
  } satisfies UnigramParts
}

const spaced = (config: Json): Json[] => [
  { type: 'WhitespaceSplit' },
  metaspace(config.add_prefix_space === false ? 'never' : 'always'),
]

function albert(folder: TokenizerFolder, { pieces, charsmap }: SentencePieceModel) {
  return {
    vocab: pieces,
    unkId: 1, // transformers' number, whatever the model says
    required: ['unk', 'sep', 'cls', 'pad'],
    normalizers: albertNormalizers(folder.config, precompiled(charsmap)),
    pretokenizers: spaced(folder.config),
    template: folder.bertTemplate,
  } satisfies UnigramParts
}

/**
 * XLM-RoBERTa and CamemBERT keep fairseq's special tokens before the pieces of the model, and the mask behind them.
 * @param head fairseq's tokens
 * @param skipped how many pieces they stand for
 */
function fairseq(
  folder: TokenizerFolder,
  { pieces, charsmap }: SentencePieceModel,
  { head, skipped, mask }: { head: [string, number][]; skipped: number; mask: string },
) {
  const { path } = folder
  const replaced = pieces.slice(0, skipped).map(([piece]) => piece)
  if (!replaced.includes('<unk>') || !replaced.every((piece) => ['<unk>', '<s>', '</s>'].includes(piece)))
    throw fail(
      'INVALID_FILE',
      `${path} begins with ${replaced.map((piece) => JSON.stringify(piece)).join(', ')}; expected <unk>, <s>, </s>, as fairseq's models have: the file is of another model`,
      path,
    )
  return {
    vocab: [...head, ...pieces.slice(skipped), [mask, 0] as [string, number]],
    unkId: 3,
    required: ['unk', 'bos', 'eos', 'pad', 'mask'],
    normalizers: precompiled(charsmap),
    pretokenizers: spaced(folder.config),
    template: (added: AddedToken[]) => folder.doubleTemplate(added, ['bos', 'eos']),
  } satisfies UnigramParts
}

function partsOf(folder: TokenizerFolder, model: SentencePieceModel): UnigramParts {
  const { special } = folder
  const token = (role: SpecialTokenName): [string, number] => [special[role] ?? '', 0]
  const mask = special.mask ?? ''
  switch (folder.tokenizerClass) {
    case 'AlbertTokenizer':
      return albert(folder, model)
    case 'XLMRobertaTokenizer': {
      const head = [token('bos'), token('pad'), token('eos'), token('unk')]
      return fairseq(folder, model, { head, skipped: 3, mask })
    }
    case 'CamembertTokenizer': {
      const unused: [string, number] = ['<unk>NOTUSED', -100]
      const head: [string, number][] = [
        ['<s>NOTUSED', 0],
        token('pad'),
        ['</s>NOTUSED', 0],
        token('unk'),
        unused,
      ]
      return fairseq(folder, model, { head, skipped: 1, mask })
    }
    default:
      return debertaV2(folder, model)
  }
}

/**
 * A unigram tokenizer from a SentencePiece model: spm.model (DeBERTa-v2, v3), spiece.model (ALBERT) or
 * sentencepiece.bpe.model (XLM-RoBERTa, CamemBERT), as the class in transformers builds it. Pieces for single bytes
 * (`<0x0A>`) are ordinary pieces there.
 * @throws TorchLoraError INVALID_FILE, or UNSUPPORTED for a model that is not a unigram model
 */
export function fromSentencePiece(folder: TokenizerFolder): Json {
  const model = readSentencePiece(folder.readBytes(folder.source), folder.path)
  const parts = partsOf(folder, model)
  const index = new Map<string, number>()
  for (const [id, [token]] of parts.vocab.entries()) if (!index.has(token)) index.set(token, id)
  folder.requireSpecial((token) => index.has(token), parts.required)
  const added = folder.addTokens([], (token) => index.get(token), parts.vocab.length)
  for (const [piece, special] of model.declared) {
    const [content] = model.pieces[piece]!
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special }
    const id = index.get(content)
    if (id !== undefined && !added.some((t) => t.content === content)) added.push({ id, content, ...flags })
  }
  added.sort((a, b) => a.id - b.id)
  const pretokenizers = parts.pretokenizers
  return {
    added_tokens: added,
    normalizer: { type: 'Sequence', normalizers: parts.normalizers },
    pre_tokenizer: { type: 'Sequence', pretokenizers },
    post_processor: parts.template(added),
    decoder: pretokenizers.at(-1)!,
    model: {
      type: 'Unigram',
      unk_id: parts.unkId,
      vocab: parts.vocab,
      byte_fallback: parts.byteFallback ?? false,
    },
  }
}
