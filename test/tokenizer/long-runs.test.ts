import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AutoTokenizer, type Tokenizer } from '../../lib/tokenizer/index.ts'
import { loadTokenizer } from '../../lib/tokenizer/load.ts'
import { longestWord } from '../../lib/tokenizer/locality.ts'
import { shortenRuns } from '../../lib/tokenizer/long-runs.ts'

const bert = new URL('./fixtures/bert', import.meta.url).pathname
const roberta = new URL('./fixtures/roberta', import.meta.url).pathname

/** Texts of more than 65536 characters with runs of letters, signs and white space, and what breaks them. */
const texts = [
  `the ${'a'.repeat(70_000)} river`,
  `${'\u{1f999}'.repeat(40_000)}, castle`,
  `castle${' '.repeat(70_000)}river`,
  `\n${'\u{ac00}'.repeat(66_000)}\u0301\u0301 the`, // Hangul, marks behind
  `${'\u1100\u1161\u11a8'.repeat(25_000)}\u4e00\u4e01 was`, // jamo, then words of one ideograph each
  `${'\u00e9'.repeat(66_000)}.${'B'.repeat(900)}\u{1f600}${'9'.repeat(900)}-match`,
  `${'\ufffd'.repeat(66_000)}match ${'x'.repeat(3000)}`,
  `${'rain '.repeat(14_000)}${'\u{1f3f0}'.repeat(3000)}[MASK]${'\t'.repeat(2000)}river`,
]

describe('long runs', () => {
  let tokenizer: Tokenizer
  beforeAll(async () => {
    tokenizer = await AutoTokenizer.fromPretrained(bert)
  })
  afterAll(() => tokenizer.close())

  it.each(texts.map((text, i) => [i, text] as const))(
    'text %i has the tokens and places of the whole',
    async (_, text) => {
      const { native } = loadTokenizer({
        dir: bert,
        settings: { normalization: 'transformers', classOfModel: {} },
      })
      const whole = await native.encode(text, null, { addSpecialTokens: false })
      const { ids, offsets } = await tokenizer.encode(text, {
        offsets: true,
        addSpecialTokens: false,
        maxLength: 100_000,
      })
      expect([...ids]).toEqual([...whole.getIds()])
      const characters = [...text]
      const starts = new Map<number, number>()
      let at = 0
      characters.forEach((char, i) => {
        starts.set(i, at)
        at += char.length
      })
      starts.set(characters.length, at)
      expect([...offsets!]).toEqual(
        whole
          .getOffsets()
          .flat()
          .map((place) => starts.get(place)),
      )
    },
  )

  it('are shortened, which is what makes them cheap', () => {
    for (const text of texts.slice(0, 4)) expect(shortenRuns(text, 100).text.length).toBeLessThan(2000)
    expect(shortenRuns('a short text', 100).text).toBe('a short text')
  })

  it('are left alone where a long word has tokens of its own', async () => {
    await using other = await AutoTokenizer.fromPretrained(roberta)
    const { ids } = await other.encode('a'.repeat(70_000))
    expect(ids.length).toBeGreaterThan(100)
  })
})

describe('a length beyond which a word is unknown', () => {
  const json = {
    model: { type: 'WordPiece', max_input_chars_per_word: 100 },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    normalizer: { type: 'BertNormalizer' },
    added_tokens: [{ content: '[MASK]' }],
  }
  it.each([
    [{}, 100],
    [{ model: { type: 'BPE' } }, null],
    [{ model: { type: 'WordPiece' } }, null],
    [{ pre_tokenizer: { type: 'Whitespace' } }, null],
    [{ normalizer: { type: 'Replace', pattern: { String: 'a' }, content: '' } }, null],
    [{ added_tokens: [{ content: 'word' }] }, null],
  ])('%j is %j', (change, expected) => {
    expect(longestWord({ ...json, ...change })).toBe(expected)
  })
})
