import { describe, expect, it } from 'vitest'
import { packBatch, padToBucket } from '../../lib/data/index.ts'
import { Random } from '../../lib/data/random.ts'

const pack = (lengths: readonly number[]) =>
  packBatch(
    lengths.map((length, b) => ({
      ids: Int32Array.from({ length }, (_, t) => 5 + b + t),
      typeIds: new Int32Array(length).fill(1),
    })),
    { positions: { kind: 'zero' } },
  )

describe('padToBucket', () => {
  it('keeps the sequences and puts padding behind them, in sequences of its own', () => {
    const random = new Random(3)
    for (let round = 0; round < 60; round++) {
      const longest = [1, 3, 20, 70, 512][round % 5]!
      const lengths = Array.from({ length: 1 + random.below(40) }, () => 1 + random.below(longest))
      const batch = pack(lengths)
      const padded = padToBucket(batch, { padTokenId: 1 })
      const [tokens, rows] = [batch.inputIds.length, padded.inputIds.length]
      const [sequences, count] = [lengths.length, padded.cuSeqlens.length - 1]
      for (const name of ['inputIds', 'positionIds', 'tokenTypeIds'] as const) {
        expect(padded[name].subarray(0, tokens)).toEqual(batch[name])
        expect(padded[name].length).toBe(rows)
      }
      expect([...padded.inputIds.subarray(tokens)].every((id) => id === 1)).toBe(true)
      expect(padded.cuSeqlens.subarray(0, sequences + 1)).toEqual(batch.cuSeqlens)
      expect(padded.cuSeqlens[count]).toBe(rows)
      expect(Math.log2(count) % 1).toBe(0)
      expect(Math.log2(padded.maxSeqlen) % 1).toBe(0)
      for (let b = 0; b < count; b++) {
        const [start, end] = [padded.cuSeqlens[b]!, padded.cuSeqlens[b + 1]!]
        expect(end - start).toBeGreaterThanOrEqual(0)
        expect(end - start).toBeLessThanOrEqual(padded.maxSeqlen)
        expect(start, 'the row that the head reads').toBeLessThan(rows)
      }
      expect(rows - tokens).toBeLessThanOrEqual(tokens < 64 ? 8 : tokens / 8)
    }
  })

  it('makes few shapes of many, and leaves a batch alone that has one', () => {
    const shapes = new Set<string>()
    for (let tokens = 16; tokens <= 1024; tokens++) {
      const batch = pack([...new Array(15).fill(1), tokens - 15])
      const { inputIds, cuSeqlens } = padToBucket(batch, { padTokenId: 0 })
      shapes.add(`${inputIds.length} ${cuSeqlens.length}`)
    }
    expect(shapes.size).toBeLessThan(90)
    const exact = padToBucket(pack([64, 64]), { padTokenId: 0 })
    expect([exact.inputIds.length, exact.cuSeqlens.length, exact.maxSeqlen]).toEqual([128, 3, 64])
  })
})
