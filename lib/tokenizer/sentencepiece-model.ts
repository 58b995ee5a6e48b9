import { BinaryReader } from '@bufbuild/protobuf/wire'
import { fail } from './failure.ts'

/** What a unigram tokenizer needs of a SentencePiece model. */
export interface SentencePieceModel {
  /** Pieces and their scores, by id. */
  pieces: [string, number][]
  /** Ids of pieces that are matched whole, and whether they are special. */
  declared: [id: number, special: boolean][]
  /** The character map, empty for none. */
  charsmap: Uint8Array
  unkId: number
  /** Whether a character that is in no piece becomes its bytes. */
  byteFallback: boolean
}

type Field = (no: number, wire: number) => void
const eachField = (reader: BinaryReader, field: Field) => {
  while (reader.pos < reader.len) field(...reader.tag())
}

/**
 * Reads a SentencePiece model. Field numbers: sentencepiece_model.proto of google/sentencepiece.
 * @param path for messages
 * @throws TorchLoraError INVALID_FILE, or UNSUPPORTED for a model that is not a unigram model
 */
export function readSentencePiece(bytes: Uint8Array, path: string): SentencePieceModel {
  const pieces: [string, number][] = []
  const declared: [number, boolean][] = []
  let charsmap: Uint8Array = new Uint8Array(0)
  let modelType = 1
  let unkId = 0
  let byteFallback = false

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
    if (type === 3 || type === 4) declared.push([pieces.length, type === 3])
    pieces.push([piece, score])
  }
  const sections = new Set<number>()
  try {
    const r = new BinaryReader(bytes)
    eachField(r, (no, wire) => {
      sections.add(no)
      if (no === 1) readPiece(new BinaryReader(r.bytes()))
      else if (no === 2) {
        const trainer = new BinaryReader(r.bytes())
        eachField(trainer, (f, w) => {
          if (f === 3) modelType = trainer.int32()
          else if (f === 35) byteFallback = trainer.bool()
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
    throw fail(
      'INVALID_FILE',
      `${path} is not a SentencePiece model (${(error as Error).message}); it may be truncated: fetch it again`,
      path,
    )
  }
  const invalid = (what: string) => fail('INVALID_FILE', `${path} ${what}`, path)
  if (pieces.length === 0) throw invalid('holds no pieces; expected a SentencePiece model')
  if (!sections.has(2) || !sections.has(3))
    throw invalid(
      `ends after ${pieces.length} pieces, without the settings that follow them; it is truncated: fetch it again`,
    )
  if (modelType !== 1)
    throw fail(
      'UNSUPPORTED',
      `${path} is a SentencePiece model of type ${modelType} (2 is BPE); expected a unigram model (1), as encoders have`,
      path,
    )
  const bad = pieces.findIndex(([, score]) => !Number.isFinite(score))
  if (bad >= 0)
    throw invalid(`gives piece ${bad} the score ${pieces[bad]![1]}; it is damaged: fetch it again`)
  if (unkId < 0 || unkId >= pieces.length)
    throw invalid(
      `gives unknown characters the piece ${unkId} of ${pieces.length}; it is damaged: fetch it again`,
    )
  return { pieces, declared, charsmap, unkId, byteFallback }
}
