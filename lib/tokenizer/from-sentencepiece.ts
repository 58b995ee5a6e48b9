import { BinaryReader } from '@bufbuild/protobuf/wire'
import type { AddedToken, Json, TokenizerFolder } from './definition.ts'
import { fail } from './failure.ts'

/**
 * A unigram tokenizer from DeBERTa's spm.model. With normalization `transformers` it is what transformers 5's
 * `DebertaV2Tokenizer` builds, with `sentencepiece` what transformers 4's `DebertaV2Converter` does, which keeps the
 * character map of the model. Pieces for single bytes (`<0x0A>`) are ordinary pieces in both.
 *
 * Field numbers: sentencepiece_model.proto of google/sentencepiece.
 * @throws Error with code INVALID_FILE, or UNSUPPORTED for a model that is not a unigram model
 */
export function fromSentencePiece(folder: TokenizerFolder): Json {
  const { path, config } = folder
  const vocab: [string, number][] = []
  /** Pieces that are matched whole, and whether they are special. */
  const declared: [number, boolean][] = []
  let charsmap: Uint8Array = new Uint8Array(0)
  let modelType = 1
  let unkId = 0

  const eachField = (r: BinaryReader, field: (no: number, wire: number) => void) => {
    while (r.pos < r.len) field(...r.tag())
  }
  const readPiece = (r: BinaryReader) => {
    let piece = ''
    let score = 0
    let type = 1
    eachField(r, (no, wire) => {
      if (no === 1) piece = r.string()
      else if (no === 2) score = r.float()
      else if (no === 3) type = r.int32()
      else r.skip(wire)
    })
    // CONTROL (3) and USER_DEFINED (4); only the former are special.
    if (type === 3 || type === 4) declared.push([vocab.length, type === 3])
    vocab.push([piece, score])
  }
  const sections = new Set<number>()
  try {
    const r = new BinaryReader(folder.readBytes('spm.model'))
    eachField(r, (no, wire) => {
      sections.add(no)
      if (no === 1) readPiece(new BinaryReader(r.bytes()))
      else if (no === 2) {
        const trainer = new BinaryReader(r.bytes())
        eachField(trainer, (f, w) => {
          if (f === 3) modelType = trainer.int32()
          else if (f === 40) unkId = trainer.int32()
          else trainer.skip(w)
        })
      } else if (no === 3) {
        const normalizer = new BinaryReader(r.bytes())
        eachField(normalizer, (f, w) => {
          if (f === 2) charsmap = normalizer.bytes()
          else normalizer.skip(w)
        })
      } else r.skip(wire)
    })
  } catch (error) {
    if ((error as { file?: string }).file) throw error
    throw fail(
      'INVALID_FILE',
      `${path} is not a SentencePiece model (${(error as Error).message}); it may be truncated: fetch it again`,
      path,
    )
  }
  if (vocab.length === 0)
    throw fail('INVALID_FILE', `${path} holds no pieces; expected a SentencePiece model`, path)
  if (!sections.has(2) || !sections.has(3))
    throw fail(
      'INVALID_FILE',
      `${path} ends after ${vocab.length} pieces, without the settings that follow them; it is truncated: fetch it again`,
      path,
    )
  if (modelType !== 1)
    throw fail(
      'UNSUPPORTED',
      `${path} is a SentencePiece model of type ${modelType} (2 is BPE); expected a unigram model (1), as every DeBERTa-v2 and v3 has`,
      path,
    )

  const index = new Map(vocab.map(([token], id) => [token, id]))
  folder.requireSpecial((token) => index.has(token), ['unk', 'sep', 'cls', 'pad'])
  const added = folder.addTokens([], (token) => index.get(token), vocab.length)
  for (const [id, special] of declared) {
    const [content] = vocab[id] as [string, number]
    const token: AddedToken = {
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special,
    }
    if (!added.some((t) => t.content === content)) added.push(token)
  }
  added.sort((a, b) => a.id - b.id)

  const normalizers: Json[] = config.do_lower_case === true ? [{ type: 'Lowercase' }] : []
  if (folder.normalization === 'transformers') {
    normalizers.push(
      { type: 'Replace', pattern: { Regex: '\\s{2,}|[\\n\\r\\t]' }, content: ' ' },
      { type: 'NFC' },
      { type: 'Strip', strip_left: false, strip_right: true },
    )
  } else {
    normalizers.push({ type: 'Strip', strip_left: true, strip_right: true })
    if (charsmap.length > 0)
      normalizers.push({
        type: 'Precompiled',
        precompiled_charsmap: Buffer.from(charsmap).toString('base64'),
      })
    normalizers.push({ type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' })
  }
  const prepend_scheme = config.add_prefix_space === false ? 'first' : 'always'
  const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme, split: true }
  const punctuation = config.split_by_punct === true ? [{ type: 'Punctuation', behavior: 'Isolated' }] : []
  return {
    added_tokens: added,
    normalizer: { type: 'Sequence', normalizers },
    pre_tokenizer: { type: 'Sequence', pretokenizers: [...punctuation, metaspace] },
    post_processor: folder.bertTemplate(added),
    decoder: metaspace,
    model: { type: 'Unigram', unk_id: unkId, vocab, byte_fallback: false },
  }
}
