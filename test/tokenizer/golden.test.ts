import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AutoTokenizer, type Encoding, type TokenizerInput } from '../../lib/tokenizer/index.ts'

/** ids, and token types where they are not all 0. */
type Row = [number[]] | [number[], number[]]
interface Case {
  vocabSize: number
  class: string
  special: Record<string, number | null>
  texts: Row[]
  pairs: Row[]
  truncated: Record<string, Row[]>
  windows: number[][]
  decoded: string[]
  bare: Row[]
  sentencepiece?: number[][]
}
interface Golden {
  texts: string[]
  pairs: [string, string][]
  cases: Record<string, Case>
}

const fixtures = new URL('./fixtures/', import.meta.url).pathname
const golden = JSON.parse(readFileSync(join(fixtures, 'golden.json'), 'utf8')) as Golden
/** make_fixtures.py's TEXTS[7:30], after which come its fuzzed strings. */
const some = golden.texts.slice(7, 30)

const row = ({ ids, typeIds }: Encoding): Row =>
  typeIds.some((t) => t !== 0) ? [[...ids], [...typeIds]] : [[...ids]]

/** Compares row by row, so that a failure shows the text. */
function expectRows(inputs: readonly TokenizerInput[], encodings: Encoding[], rows: Row[]) {
  expect(encodings.length).toBe(rows.length)
  const differing = inputs.flatMap((input, i) => {
    const ours = row(encodings[i]!)
    return JSON.stringify(ours) === JSON.stringify(rows[i]) ? [] : [{ input, ours, theirs: rows[i] }]
  })
  expect(differing).toEqual([])
}

describe.each(Object.entries(golden.cases))('%s, as transformers has it', (name, expected) => {
  it('gives the same ids and token types: texts, pairs, truncation, windows, decoding', async () => {
    await using tokenizer = await AutoTokenizer.fromPretrained(join(fixtures, name))
    expect(tokenizer.vocabSize).toBe(expected.vocabSize)
    expect(tokenizer.tokenizerClass).toBe(expected.class)
    for (const [role, id] of Object.entries(expected.special))
      expect([role, tokenizer.specialTokens[role as 'cls']?.id ?? null]).toEqual([role, id])
    expect(tokenizer.padTokenId).toBe(expected.special.pad)

    const whole = { maxLength: 100_000 }
    const texts = await tokenizer.encodeBatch(golden.texts, whole)
    expectRows(golden.texts, texts, expected.texts)
    expectRows(golden.pairs, await tokenizer.encodeBatch(golden.pairs, whole), expected.pairs)
    const mixed = [...golden.pairs, ...some]
    for (const [maxLength, rows] of Object.entries(expected.truncated)) {
      const options = { maxLength: Number(maxLength) }
      if (rows.some(([ids]) => ids.length > options.maxLength))
        throw new Error('golden rows are longer than asked')
      const encodings = await tokenizer.encodeBatch(mixed, options)
      expectRows(mixed, encodings, rows)
      const lengths = [...expected.pairs, ...expected.texts.slice(7, 30)].map(([ids]) => ids.length)
      expect(encodings.map((e) => e.truncated)).toEqual(lengths.map((n) => n > options.maxLength))
    }

    const window = await tokenizer.encode(golden.pairs[8]![1], { maxLength: 9, stride: 3 })
    expect([window, ...window.overflow].map((e) => [...e.ids])).toEqual(expected.windows)
    expect(window.truncated).toBe(true)

    expectRows(
      some.slice(0, 13),
      await tokenizer.encodeBatch(some.slice(0, 13), { ...whole, addSpecialTokens: false }),
      expected.bare,
    )
    expect(await tokenizer.decodeBatch(texts.slice(0, 40).map((e) => e.ids))).toEqual(expected.decoded)
  })

  it.runIf(expected.sentencepiece)("gives SentencePiece's own normalization when asked", async () => {
    await using tokenizer = await AutoTokenizer.fromPretrained(join(fixtures, name), {
      normalization: 'sentencepiece',
    })
    const encodings = await tokenizer.encodeBatch(golden.texts, { maxLength: 100_000 })
    expectRows(
      golden.texts,
      encodings,
      expected.sentencepiece!.map((ids): Row => [ids]),
    )
    expect(expected.sentencepiece).not.toEqual(expected.texts.map(([ids]) => ids))
  })

  it('gives the same after save and load', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'tokenizer-'))
    try {
      await using tokenizer = await AutoTokenizer.fromPretrained(join(fixtures, name))
      const saved = join(dir, 'new', 'folder')
      await tokenizer.save(saved)
      expect((await readdir(saved)).sort()).toEqual([
        'special_tokens_map.json',
        'tokenizer.json',
        'tokenizer_config.json',
      ])
      await using again = await AutoTokenizer.fromPretrained(saved)
      expect(again.specialTokens).toEqual(tokenizer.specialTokens)
      expect(again.modelMaxLength).toBe(tokenizer.modelMaxLength)
      expect(again.tokenizerClass).toBe(tokenizer.tokenizerClass)
      expectRows(golden.texts, await again.encodeBatch(golden.texts, { maxLength: 100_000 }), expected.texts)
      expectRows(golden.pairs, await again.encodeBatch(golden.pairs, { maxLength: 100_000 }), expected.pairs)
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  })
})
