import { resolve } from 'node:path'
import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import {
  type Aggregation,
  loadTextModel,
  MaskFiller,
  TokenClassifier,
  ZeroShotClassifier,
} from '../../lib/index.ts'
import { ask } from '../parity/ask.ts'
import { tinyClassifier, tinyFiller, tinyTagger } from './models.ts'

const python = process.env.TORCH_LORA_PYTHON
const script = resolve(import.meta.dirname, '../../scripts/parity/pipelines.py')
const tags = ['O', 'B-person', 'I-person', 'B-place', 'I-place'] as const

interface Call {
  inputs: unknown
  options: Record<string, unknown>
}

const transformers = <T>(task: string, request: Record<string, unknown>, calls: Call[]) =>
  ask<T>(python!, script, { task, ...request, calls })

const texts = [
  'her song was dull, they say; this book was fine and that show was poor.',
  '\u{1f600} the film was great',
  'unseenword filmsong bookplay',
  'a',
]
const long = Array.from({ length: 14 }, (_, i) => texts[i % 2 ? 0 : 2]).join(' ')

let base: string
beforeAll(async () => {
  base = await tinyTagger({ labels: [...tags] })
})

interface HubEntity {
  entity?: string
  entity_group?: string
  score: number
  start: number
  end: number
}

/** An offset in code points as one in UTF-16 code units. */
const place = (text: string, at: number) => [...text].slice(0, at).join('').length

function expectEntities(
  found: readonly { label: string; score: number; start: number; end: number; text: string }[],
  expected: readonly HubEntity[],
  text: string,
): void {
  expect(found.map(({ label, start, end }) => [label, start, end])).toEqual(
    expected.map(({ entity, entity_group, start, end }) => [
      entity_group ?? entity,
      place(text, start),
      place(text, end),
    ]),
  )
  for (const [i, { score, text: own, start, end }] of found.entries()) {
    expect(Math.abs(score - expected[i]!.score)).toBeLessThan(1e-4)
    expect(own).toBe(text.slice(start, end))
  }
}

describe.skipIf(!python)(
  "the results of transformers' pipelines (skipped without TORCH_LORA_PYTHON)",
  {
    timeout: 300_000,
  },
  () => {
    const strategies: Aggregation[] = ['none', 'simple', 'first', 'average', 'max']

    it.each(['bert', 'roberta'] as const)(
      'entities of a random %s, windows and words too',
      async (family) => {
        const dir = family === 'bert' ? base : await tinyTagger({ family, labels: [...tags], seed: 2 })
        const words = texts[0]!.split(' ')
        await using tagger = await TokenClassifier.load(dir, { maxLength: 32, windowOverlap: 8 })
        const calls = strategies.flatMap((aggregation_strategy) => [
          ...texts.map((inputs) => ({ inputs, options: { aggregation_strategy } })),
          // In windows after the first transformers gives a byte-level token the space before it, and so other lengths.
          ...(aggregation_strategy === 'none' || family === 'roberta'
            ? []
            : [{ inputs: long, options: { aggregation_strategy, stride: 8 } }]),
          { inputs: words, options: { aggregation_strategy, is_split_into_words: true } },
        ])
        const tokenizer = family === 'roberta' ? { tokenizer: { add_prefix_space: true } } : {}
        const expected = await transformers<HubEntity[]>(
          'token-classification',
          { model: dir, maxLength: 32, ...tokenizer },
          calls,
        )
        let count = 0
        for (const [i, { inputs, options }] of calls.entries()) {
          const aggregation = options.aggregation_strategy as Aggregation
          const input = Array.isArray(inputs) ? { words: inputs } : (inputs as string)
          const longText = 'stride' in options ? 'windows' : 'truncate'
          const { entities, text } = await tagger.tag(input, { aggregation, longText })
          expectEntities(entities, expected[i]!.flat() as HubEntity[], text)
          count += entities.length
        }
        expect(count).toBeGreaterThan(50)
      },
    )

    it.each(['bert', 'roberta'] as const)('words behind the masks of a random %s', async (family) => {
      const dir = await tinyFiller({ family, seed: 4 })
      await using filler = await MaskFiller.load(dir)
      const mask = filler.maskToken
      const masked = [`the ${mask} was great`, `${mask} film was ${mask}, they say`, mask]
      const targets = family === 'bert' ? ['rain', 'castle'] : [' the', ' was']
      const calls = [
        ...masked.map((inputs) => ({ inputs, options: { top_k: 7 } })),
        { inputs: masked[0], options: { targets } },
      ]
      type Word = { token: number; token_str: string; score: number }
      const expected = await transformers<Word[] | Word[][]>('fill-mask', { model: dir }, calls)
      for (const [i, { inputs, options }] of calls.entries()) {
        const { masks } = await filler.fill(inputs!, {
          topK: 'top_k' in options ? options.top_k : undefined,
          targets: 'targets' in options ? options.targets : undefined,
        })
        const words = (Array.isArray(expected[i]![0]) ? expected[i] : [expected[i]]) as Word[][]
        expect(masks.map((own) => own.map(({ id, token }) => [id, token.trim()]))).toEqual(
          words.map((own) => own.map(({ token, token_str }) => [token, token_str.trim()])),
        )
        for (const [m, own] of masks.entries())
          for (const [k, { score }] of own.entries())
            expect(Math.abs(score - words[m]![k]!.score)).toBeLessThan(1e-5)
      }
    })

    it('zero-shot labels of a random model, one or several', async () => {
      const dir = await tinyClassifier({ labels: ['contradiction', 'neutral', 'entailment'], seed: 5 })
      const candidates = ['film', 'song', 'a dull book']
      const hypothesis_template = 'they say {} was great.'
      const calls = [
        { inputs: texts[0], options: { candidate_labels: candidates } },
        { inputs: texts[0], options: { candidate_labels: candidates, multi_label: true } },
        { inputs: texts[1], options: { candidate_labels: ['film'] } },
        { inputs: texts[2], options: { candidate_labels: candidates, hypothesis_template } },
        { inputs: long, options: { candidate_labels: candidates, hypothesis_template } },
      ]
      const expected = await transformers<{ labels: string[]; scores: number[] }>(
        'zero-shot-classification',
        { model: dir, maxLength: 64 },
        calls,
      )
      await using classifier = await ZeroShotClassifier.load(dir)
      for (const [i, { inputs, options }] of calls.entries()) {
        const { labels, scores } = await classifier.classify(inputs as string, options.candidate_labels, {
          hypothesisTemplate: (options as { hypothesis_template?: string }).hypothesis_template,
          multiLabel: (options as { multi_label?: boolean }).multi_label,
        })
        expect(labels).toEqual(expected[i]!.labels)
        for (const [k, score] of scores.entries())
          expect(Math.abs(score - expected[i]!.scores[k]!)).toBeLessThan(1e-4)
      }
    })
  },
)

describe('TokenClassifier', () => {
  it('tags words and finds entities, in types; streams; refuses what is no text', async () => {
    await using tagger = await TokenClassifier.load(base, { labels: tags, warmUp: false })
    const { tokens, entities, truncated } = await tagger.tag(texts[1]!)
    expectTypeOf(tokens[0]!.label).toEqualTypeOf<(typeof tags)[number]>()
    expectTypeOf(entities[0]!.label).toEqualTypeOf<'person' | 'place'>()
    expectTypeOf((await tagger.tag('a', { aggregation: 'none' })).entities[0]!.label).toEqualTypeOf<
      (typeof tags)[number]
    >()
    expect(truncated).toBe(false)
    expect(tokens.slice(1).map(({ start, end }) => texts[1]!.slice(start, end))).toEqual([
      'the',
      'film',
      'was',
      'great',
    ])
    const ofLong = await tagger.tag(long)
    expect(ofLong.tokens.map(({ start, end }) => long.slice(start, end)).join('')).toBe(
      long.replaceAll(' ', ''),
    )
    expect((await tagger.tag(long, { longText: 'truncate' })).truncated).toBe(true)
    await expect(tagger.tag(long, { longText: 'refuse' })).rejects.toMatchObject({ code: 'TOO_LONG' })
    const words = await tagger.tag({ words: ['the', 'filmsong', 'was', 'great'] })
    expect(words.tokens.map(({ start, end }) => words.text.slice(start, end))).toEqual([
      'the',
      'filmsong',
      'was',
      'great',
    ])
    expect((await tagger.tag({ words: [] })).tokens).toEqual([])
    const rows = [{ id: 1, body: 'a play' }]
    for await (const { row, tokens: own } of tagger.tagAll(rows, { input: ({ body }) => body }))
      expect([row.id, own.length]).toEqual([1, 2])
    for (const wrong of [3, { words: ['a', 3] }, { words: ['a'], text: 'a' }, null, {}])
      await expect(tagger.tag([wrong as never])).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/Input 0: expected a string, \{text\} or \{words\}/),
      })
    await expect(tagger.tag('a', { aggregation: 'last' as 'first' })).rejects.toThrow(/aggregation/)
    await expect(TokenClassifier.load(base, { labels: ['O', 'B-x'] })).rejects.toMatchObject({
      code: 'INCOMPATIBLE',
    })
  })
})

describe('loadTextModel', () => {
  it('gives whichever a folder is', async () => {
    await using tagger = await loadTextModel(base, { warmUp: false })
    expect(tagger.task).toBe('token-classification')
    if (tagger.task === 'token-classification') expect((await tagger.tag('a')).tokens).toHaveLength(1)
    const several = await tinyClassifier({ labels: ['a', 'b'], problemType: 'multi_label_classification' })
    await using classifier = await loadTextModel(several, { warmUp: false })
    expect(classifier.task).toBe('sequence-classification')
  })
})

describe('ZeroShotClassifier', () => {
  it('refuses what cannot be: a model without entailment, no labels, labels twice, too many', async () => {
    const dir = await tinyClassifier({ labels: ['entailment', 'not_entailment'], seed: 5 })
    await using classifier = await ZeroShotClassifier.load(dir, { maxQueue: 8, warmUp: false })
    const wrong = (labels: string[], options = {}) => classifier.classify('a play', labels, options)
    for (const labels of [[], ['a', 'a'], ['a', ' ']])
      await expect(wrong(labels)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/candidateLabels/),
      })
    await expect(wrong(['a'], { hypothesisTemplate: 'no place' })).rejects.toThrow(/hypothesisTemplate/)
    const many = Array.from({ length: 1000 }, (_, i) => `label ${i}`)
    await expect(wrong(many)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/1000 texts/),
    })
    // A stream takes what is too much for the queue alone.
    for await (const { row, labels } of classifier.classifyAll(['a play', 'her song'], many.slice(0, 20)))
      expect([typeof row, labels.length]).toEqual(['string', 20])
    const result = await classifier.classify('a play', ['film', 'song'])
    expectTypeOf(result.labels).toEqualTypeOf<('film' | 'song')[]>()
    expect(result.scores[0]! + result.scores[1]!).toBeCloseTo(1, 5)
    await expect(ZeroShotClassifier.load(await tinyClassifier({ labels: ['x', 'y'] }))).rejects.toMatchObject(
      { code: 'INCOMPATIBLE', message: expect.stringMatching(/entailment/) },
    )
  })
})
