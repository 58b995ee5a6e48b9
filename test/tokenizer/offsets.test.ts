import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  AutoTokenizer,
  type EncodeOptions,
  type Encoding,
  type Tokenizer,
  type TokenizerInput,
  type WordsInput,
} from '../../lib/tokenizer/index.ts'

/** ids, offsets in UTF-16 code units, word ids and sequence ids of one window. */
type Row = [number[], number[], number[], number[]]
interface Located {
  rows: Row[][]
  digest: string
}
interface Case extends Record<string, Located | [string, string][] | Record<string, number | null> | number> {
  vocabSize: number
  special: Record<string, number | null>
  rightPairs: [string, string][]
  leftPairs: [string, string][]
}
interface Golden {
  texts: string[]
  words: string[][]
  pairs: [string, string][]
  cases: Record<string, Case>
}
const fixtures = new URL('./fixtures/', import.meta.url).pathname
const golden = JSON.parse(readFileSync(join(fixtures, 'golden-offsets.json'), 'utf8')) as Golden

/** make_fixtures.py's PREFIXED, of whose windows it keeps no offsets. */
const prefixed = 'roberta-map'

const rowsOf = (encoding: Encoding): Row[] =>
  [encoding, ...encoding.overflow].map(({ ids, offsets, wordIds, sequenceIds }) => [
    [...ids],
    [...offsets!],
    [...wordIds!],
    [...sequenceIds!],
  ])

function digest(whole: Row[][]): string {
  const hash = createHash('sha256')
  for (const rows of whole)
    for (const row of rows)
      for (const part of row) hash.update(Buffer.from(Int32Array.of(part.length, ...part).buffer))
  return hash.digest('hex')
}

describe.each(Object.entries(golden.cases))(
  '%s, where tokens come from, as transformers has it',
  (name, expected) => {
    const check = (key: string, encodings: Encoding[]) => {
      const without = name === prefixed && /Cut|Windows|First|Second/.test(key) && key !== 'wordWindows'
      const whole = encodings.map((encoding) =>
        rowsOf(encoding).map(([ids, offsets, ...rest]): Row => [ids, without ? [] : offsets, ...rest]),
      )
      const { rows, digest: all } = expected[key] as Located
      for (const [i, row] of rows.entries()) expect([key, i, whole[i]]).toEqual([key, i, row])
      expect([key, digest(whole)]).toEqual([key, all])
    }
    let tokenizer: Tokenizer
    let prefixing: Tokenizer
    beforeAll(async () => {
      tokenizer = await AutoTokenizer.fromPretrained(join(fixtures, name))
      prefixing = await AutoTokenizer.fromPretrained(join(fixtures, name), { addPrefixSpace: true })
    })
    afterAll(() => Promise.all([tokenizer.close(), prefixing.close()]))
    const whole: EncodeOptions = { maxLength: 1_000_000, offsets: true }

    it('in texts and pairs', async () => {
      const special = Object.fromEntries(
        Object.keys(expected.special).map((role) => [
          role,
          tokenizer.specialTokens[role as 'cls']?.id ?? null,
        ]),
      )
      expect([tokenizer.vocabSize, special]).toEqual([expected.vocabSize, expected.special])
      check('texts', await tokenizer.encodeBatch(golden.texts, whole))
      check('pairs', await tokenizer.encodeBatch(golden.pairs, whole))
      check('bare', await tokenizer.encodeBatch(golden.pairs, { ...whole, addSpecialTokens: false }))
    })

    it('in texts given as words', async () => {
      const { words } = golden
      check('words', await prefixing.encodeWords(words, whole))
      const pairs = words.flatMap((first, i): WordsInput[] =>
        i % 2 === 0 && words[i + 1] ? [[first, words[i + 1]!]] : [],
      )
      check('wordPairs', await prefixing.encodeWords(pairs, whole))
      const windows = { ...whole, maxLength: 11, stride: 2 }
      check('wordWindows', await prefixing.encodeWords(words.slice(8, 40), windows))
    })

    it.each(['left', 'right'] as const)('where the %s is cut, and in windows', async (truncationSide) => {
      const side = { ...whole, truncationSide }
      check(`${truncationSide}Cut`, await tokenizer.encodeBatch(golden.texts, { ...side, maxLength: 9 }))
      check(
        `${truncationSide}Windows`,
        await tokenizer.encodeBatch(golden.texts, { ...side, maxLength: 9, stride: 3 }),
      )
      const pairs = expected[`${truncationSide}Pairs`] as [string, string][]
      const windows = { ...side, maxLength: 30, stride: 4 }
      check(
        `${truncationSide}Second`,
        await tokenizer.encodeBatch(pairs, { ...windows, truncation: 'only_second' }),
      )
      const turned = pairs.map(([first, second]): TokenizerInput => [second, first])
      check(
        `${truncationSide}First`,
        await tokenizer.encodeBatch(turned, { ...windows, truncation: 'only_first' }),
      )
    })

    it('the same place for a token in every window', async () => {
      const unbroken = await tokenizer.encodeBatch(golden.texts, whole)
      const options = { maxLength: 9, stride: 3, offsets: true, truncationSide: 'right' } as const
      const windowed = await tokenizer.encodeBatch(golden.texts, options)
      expect(windowed.some(({ overflow }) => overflow.length > 3)).toBe(true)
      for (const [i, encoding] of windowed.entries()) {
        let from = 0
        for (const window of [encoding, ...encoding.overflow]) {
          const places = [...window.offsets!.subarray(2, -2)]
          expect(places).toEqual([
            ...unbroken[i]!.offsets!.subarray(2 + 2 * from, 2 + 2 * from + places.length),
          ])
          from += places.length / 2 - 3
        }
      }
    })
  },
)

it('nothing is said of places unless it is asked for', async () => {
  await using tokenizer = await AutoTokenizer.fromPretrained(join(fixtures, 'bert'))
  const { offsets, wordIds, sequenceIds } = await tokenizer.encode('the kettle')
  expect([offsets, wordIds, sequenceIds]).toEqual([undefined, undefined, undefined])
})

it('a slice of the text is what a token stands for', async () => {
  await using tokenizer = await AutoTokenizer.fromPretrained(join(fixtures, 'bert'))
  const text = '😀 kettle 👩‍👩‍👧 sings'
  const { ids, offsets } = await tokenizer.encode(text, { offsets: true })
  const tokens = await tokenizer.idsToTokens(ids)
  const slices = tokens.map((_, t) => text.slice(offsets![2 * t]!, offsets![2 * t + 1]!))
  tokens.forEach((token, t) => {
    if (!token!.startsWith('[')) expect(slices[t]).toBe(token!.replace('##', ''))
  })
  expect(slices.join('')).toContain('kettle')
})
