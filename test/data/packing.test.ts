import { describe, expect, it } from 'vitest'
import { packBatch } from '../../lib/data/index.ts'
import type { TorchLoraError } from '../../lib/errors.ts'

const rows = [
  [0, 5, 6, 2],
  [0, 2],
  [0, 5, 1, 6, 1, 2],
  [1, 1, 0, 9, 2],
]
const encodings = rows.map((ids, i) => ({
  ids: Int32Array.from(ids),
  typeIds: Int32Array.from(ids, (_, k) => (i === 2 && k > 3 ? 1 : 0)),
}))

describe('packBatch', () => {
  it('lays sequences end to end', () => {
    const batch = packBatch(encodings, { positions: { kind: 'zero' } })
    expect([...batch.inputIds]).toEqual(rows.flat())
    expect([...batch.cuSeqlens]).toEqual([0, 4, 6, 12, 17])
    expect(batch.maxSeqlen).toBe(6)
    expect([...batch.positionIds]).toEqual([0, 1, 2, 3, 0, 1, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4])
    expect([...batch.tokenTypeIds]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0])
    for (const part of [batch.inputIds, batch.positionIds, batch.tokenTypeIds, batch.cuSeqlens])
      expect(part).toBeInstanceOf(Int32Array)
  })

  // RobertaEmbeddings.create_position_ids_from_input_ids of transformers 5.18 on the rows above.
  it.each([
    [1, [2, 3, 4, 5, 2, 3, 2, 3, 1, 4, 1, 5, 1, 1, 2, 3, 4]],
    [5, [6, 5, 7, 8, 6, 7, 6, 5, 7, 8, 9, 10, 6, 7, 8, 9, 10]],
  ])('numbers positions after padding id %i as transformers does', (padTokenId, expected) => {
    const batch = packBatch(encodings, { positions: { kind: 'afterPadding', padTokenId } })
    expect([...batch.positionIds]).toEqual(expected)
  })

  it('takes views into larger buffers', () => {
    const buffer = Int32Array.from([9, 0, 5, 2, 9])
    const { inputIds } = packBatch([{ ids: buffer.subarray(1, 4), typeIds: new Int32Array(3) }], {
      positions: { kind: 'zero' },
    })
    expect([...inputIds]).toEqual([0, 5, 2])
  })

  it('refuses an empty batch, an empty encoding and unequal lengths', () => {
    const pack = (list: { ids: Int32Array; typeIds: Int32Array }[]) => {
      try {
        packBatch(list, { positions: { kind: 'zero' } })
      } catch (error) {
        return `${(error as TorchLoraError).code}: ${(error as Error).message}`
      }
      return 'no error'
    }
    expect(pack([])).toMatch(/INVALID_ARGUMENT.*at least one encoding/)
    expect(pack([encodings[0]!, { ids: new Int32Array(0), typeIds: new Int32Array(0) }])).toMatch(
      /encoding 1 has no tokens/,
    )
    expect(pack([{ ids: new Int32Array(2), typeIds: new Int32Array(1) }])).toMatch(/2 ids and 1 typeIds/)
  })
})

describe('packBatch with the tables of a model', () => {
  const one = (id: number, type = 0) => [{ ids: Int32Array.of(0, id, 2), typeIds: Int32Array.of(0, type, 0) }]
  const pack = (encodings: ReturnType<typeof one>, typeVocabSize = 2) =>
    packBatch(encodings, { positions: { kind: 'zero' }, tables: { vocabSize: 10, typeVocabSize } })

  it('takes ids that have a row, and any type where there are no types', () => {
    expect([...pack(one(9, 1)).inputIds]).toEqual([0, 9, 2])
    expect([...pack(one(9, 3), 0).tokenTypeIds]).toEqual([0, 3, 0])
  })

  it.each([
    [one(10), /token ids from 0 to 9, .* received 10/],
    [one(-1), /token ids from 0 to 9, .* received -1/],
    [one(3, 2), /token type ids from 0 to 1, .* received 2/],
  ])('refuses an id without a row by name', (encodings, message) => {
    expect(() => pack(encodings)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    )
  })
})
