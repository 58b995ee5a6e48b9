import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import {
  AutoModelForReranking,
  AutoTokenizer,
  loadTextModel,
  memory,
  type RankedText,
  TextReranker,
} from '../../lib/index.ts'
import { plainLogits, randomAdapter, tinyClassifier, tinyReranker } from './models.ts'

const query = 'was it good'
const texts = ['the film was great.', 'a play', 'her song was dull, they say; this book was fine', '']

let base: string
let logits: number[]
beforeAll(async () => {
  base = await tinyReranker()
  const rows = await plainLogits(
    base,
    texts.map((text) => [query, text] as const),
  )
  logits = rows.map(([logit]) => logit!)
})

const expectRanking = (found: readonly RankedText[], expected: readonly number[]) => {
  const order = [...expected.keys()].sort((a, b) => expected[b]! - expected[a]!)
  expect(found.map(({ index }) => index)).toEqual(order)
  for (const { index, score } of found) expect(Math.abs(score - expected[index]!)).toBeLessThan(1e-4)
}
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))

describe('TextReranker', () => {
  it('orders texts by the model’s score of each with the query', async () => {
    await using reranker = await TextReranker.load(base)
    const ranking = await reranker.rank(query, texts)
    expectTypeOf(ranking).toEqualTypeOf<RankedText[]>()
    expectRanking(ranking, logits.map(sigmoid))
    expectRanking(await reranker.rank(query, texts, { rawScores: true }), logits)
    expect(await reranker.rank(query, texts, { topK: 2 })).toEqual(ranking.slice(0, 2))
    await using quantized = await TextReranker.load(base, { dtype: 'int8', warmUp: false })
    for (const { index, score } of await quantized.rank(query, texts))
      expect(Math.abs(score - sigmoid(logits[index]!))).toBeLessThan(0.05)
  })

  it('scores pairs and texts alone, each by itself, in their order', async () => {
    await using reranker = await TextReranker.load(base, { warmUp: false, maxLength: 16 })
    const [alone] = await plainLogits(base, [texts[0]!])
    const pairs = [{ text: query, textPair: texts[1]! }, [query, texts[0]!], texts[0]!] as const
    const raw = await reranker.score(pairs, { rawScores: true })
    const expected = [logits[1]!, logits[0]!, alone![0]!]
    for (const [i, score] of raw.entries()) expect(Math.abs(score - expected[i]!)).toBeLessThan(1e-4)
    expect(await reranker.score(pairs)).toEqual(raw.map((score) => expect.closeTo(sigmoid(score), 6)))
    expect(await reranker.score([])).toEqual([])
    await expect(reranker.score(['a', 3 as never])).rejects.toThrow(/Input 1: expected a string, .* number/)
    const rows = [{ alone: 'a' }] as never[]
    await expect(reranker.rankAll(rows).next()).rejects.toThrow(/Input 0, query: expected a string/)
    const long = { longText: 'refuse' } as const
    await expect(reranker.score(['a', texts[0]!.repeat(9)], long)).rejects.toThrow(/Input 1 has more than 16/)
  })

  it('serves adapters by name, each as if it were merged, and a model in memory', async () => {
    using model = await AutoModelForReranking.fromPretrained(base)
    const adapter = await randomAdapter(model, { seed: 3, r: 4, loraAlpha: 8 })
    await using merged = await TextReranker.load(base, { mergeAdapter: adapter, warmUp: false })
    const expected = await merged.rank(query, texts)
    await using reranker = await TextReranker.load(base, { adapters: { a: adapter } })
    const check = async () => {
      const [adapted, own] = await Promise.all([
        reranker.rank(query, texts, { adapter: 'a' }),
        reranker.rank(query, texts),
      ])
      expectRanking(own, logits.map(sigmoid))
      const scores: number[] = []
      for (const { index, score } of expected) scores[index] = score
      expectRanking(adapted, scores)
      expect(adapted).not.toEqual(own)
    }
    await check()
    await reranker.swap(base)
    await check()
    await using tokenizer = await AutoTokenizer.fromPretrained(base)
    const before = memory().tensors
    {
      await using own = await TextReranker.from(model, tokenizer, { warmUp: false })
      expectRanking(await own.rank(query, texts), logits.map(sigmoid))
    }
    expect(memory().tensors).toBe(before)
  })

  it('streams queries, of which each has its texts', async () => {
    await using reranker = await TextReranker.load(base, { warmUp: false, maxQueue: 4 })
    const rows = [
      { query, texts },
      { query, texts: texts.slice(1) },
      { query: ' ', texts },
      { query, texts: [] },
    ]
    const seen: unknown[] = []
    for await (const entry of reranker.rankAll(rows, { onError: 'yield' }))
      seen.push(
        entry.error ? entry.error.code : [entry.row.texts.length, entry.ranking.length, entry.truncated],
      )
    expect(seen).toEqual([[4, 4, false], [3, 3, false], 'INVALID_ARGUMENT', 'INVALID_ARGUMENT'])
  })

  it('refuses empty queries, no texts, what is no text, more than the queue holds', async () => {
    await using reranker = await TextReranker.load(base, { warmUp: false, maxQueue: 8, maxLength: 16 })
    const wrong: [unknown, unknown, RegExp][] = [
      ['', texts, /query: expected a text, received an empty one/],
      [3, texts, /query: expected a string, received number/],
      [query, [], /texts: expected an array of at least one text to rank, received none/],
      [query, 'a play', /texts: expected an array .* received string/],
      [query, ['a', 3], /texts\[1\]: expected a string, received number/],
      [query, Array.from({ length: 9 }, () => 'a'), /9 texts in one call never fit into a queue of 8/],
      ['cut \ud83d', texts, /lone surrogate/],
    ]
    for (const [asked, given, message] of wrong)
      await expect(reranker.rank(asked as string, given as string[])).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(message),
      })
    await expect(reranker.rank(query, [texts[2]!], { longText: 'refuse' })).rejects.toMatchObject({
      code: 'TOO_LONG',
    })
    await expect(reranker.rank(query, texts, { topK: 0 })).rejects.toThrow(/topK must be a whole number/)
    const several = await tinyClassifier({ labels: ['a', 'b'] })
    await expect(TextReranker.load(several)).rejects.toMatchObject({ code: 'INCOMPATIBLE' })
    expect(reranker.waiting).toBe(0)
  })

  it('is what loadTextModel gives for what a cross-encoder was saved as, and not for a regression', async () => {
    await using model = await loadTextModel(base, { warmUp: false })
    expect(model.task).toBe('reranking')
    const score = await tinyClassifier({ labels: ['LABEL_0'], problemType: 'regression' })
    await using regression = await loadTextModel(score, { warmUp: false })
    expect(regression.task).toBe('sequence-classification')
    await using asked = await loadTextModel(score, { warmUp: false, task: 'reranking' })
    expect(asked.task).toBe('reranking')
    // Three outputs are classes, whoever made them.
    const classes = await mkdtemp(join(tmpdir(), 'cross-'))
    await cp(await tinyClassifier({ labels: ['a', 'b', 'c'] }), classes, { recursive: true })
    const config = JSON.parse(await readFile(join(classes, 'config.json'), 'utf8'))
    const activation_fn = 'torch.nn.modules.linear.Identity'
    await writeFile(
      join(classes, 'config.json'),
      JSON.stringify({ ...config, sentence_transformers: { activation_fn } }),
    )
    await using classifier = await loadTextModel(classes, { warmUp: false })
    expect(classifier.task).toBe('sequence-classification')
  })
})
