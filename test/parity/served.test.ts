import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  loadTextModel,
  QuestionAnswerer,
  type RankedText,
  TextEmbedder,
  TextReranker,
} from '../../lib/index.ts'
import { plainLayout, type SentencePooling } from '../../lib/tasks/sentence-folder.ts'
import { tinyAnswerer, tinyClassifier, tinyEmbedder, tinyReranker } from '../inference/models.ts'
import { ask } from './ask.ts'

// The classes that serve against sentence-transformers and transformers, from texts to results.
const python = process.env.TORCH_LORA_PYTHON
const script = resolve(import.meta.dirname, '../../scripts/parity/served.py')

const theirs = <T>(kind: 'embed' | 'rank' | 'answer', model: string, calls: object[]) =>
  ask<T>(python!, script, { kind, model, calls })

const texts = [
  'the film was great, they say.',
  '\u{1f600} her song',
  'unseenword filmsong bookplay',
  '',
  'this book was fine and that show was poor; '.repeat(6),
]

function expectVectors(ours: readonly ArrayLike<number>[], expected: readonly (readonly number[])[]): void {
  expect(ours).toHaveLength(expected.length)
  for (const [i, vector] of ours.entries()) {
    expect(vector.length).toBe(expected[i]!.length)
    for (const [k, value] of Array.from(vector).entries())
      expect(Math.abs(value - expected[i]![k]!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected[i]![k]!)))
  }
}

describe.skipIf(!python)(
  "sentence-transformers' and transformers' results (skipped without TORCH_LORA_PYTHON)",
  { timeout: 300_000 },
  () => {
    const poolings: SentencePooling[] = ['mean', 'cls', 'max', 'lasttoken']
    const families = ['bert', 'roberta'] as const

    it.each(families.flatMap((family) => poolings.map((pooling) => [family, pooling] as const)))(
      'vectors of a random %s by %s: prompts, tokens, cuts, dimensions',
      async (family, pooling) => {
        const layout = {
          ...plainLayout,
          prompts: { query: 'they say: ' },
          dense:
            pooling === 'cls'
              ? [{ folder: '2_Dense', inFeatures: 32, outFeatures: 24, bias: true, act: 'tanh' as const }]
              : [],
          normalize: pooling !== 'max',
          maxSeqLength: 24,
        }
        const folder = await tinyEmbedder({ family, pooling, layout, seed: 6 })
        const [vectors, asked, long, tokens, cut] = await theirs<number[][]>('embed', folder, [
          { texts },
          { texts, prompt_name: 'query' },
          { texts, maxLength: 48 },
          { texts: texts.slice(0, 3), tokens: true, maxLength: 24 },
          { texts, truncate_dim: 8, normalize_embeddings: true },
        ])
        await using embedder = await TextEmbedder.load(folder)
        expectVectors(await embedder.embed(texts), vectors!)
        expectVectors(await embedder.embed(texts, { promptName: 'query' }), asked!)
        expectVectors(await embedder.embed(texts, { dimensions: 8, normalize: true }), cut!)
        const ofTokens = await embedder.embedTokens(texts.slice(0, 3))
        for (const [i, own] of ofTokens.entries()) expectVectors(own, tokens![i] as unknown as number[][])
        await using longer = await TextEmbedder.load(folder, { maxLength: 48, warmUp: false })
        expectVectors(await longer.embed(texts), long!)
      },
    )

    it('vectors of a plain encoder are the means of its tokens', async () => {
      const folder = await tinyClassifier({ labels: ['a', 'b'], seed: 3 })
      const [expected] = await theirs<number[][]>('embed', folder, [{ texts, normalize_embeddings: true }])
      await using embedder = await TextEmbedder.load(folder)
      expectVectors(await embedder.embed(texts), expected!)
    })

    it.each(families)('rankings of a random %s, of folders both ways', async (family) => {
      const folder = await tinyReranker({ family, seed: 7 })
      const query = 'was it good'
      const saved = await mkdtemp(join(tmpdir(), 'cross-encoder-'))
      const [, all, best, cut] = await theirs<RankedText[]>('rank', folder, [
        { save: saved }, // first: it keeps the length that is asked for later
        { query, texts, maxLength: 60 },
        { query, texts, maxLength: 60, topK: 2 },
        { query, texts, maxLength: 20 },
      ])
      const expectRanking = (ours: readonly RankedText[], expected: readonly RankedText[]) => {
        expect(ours.map(({ index }) => index)).toEqual(expected.map(({ index }) => index))
        for (const [i, { score }] of ours.entries())
          expect(Math.abs(score - expected[i]!.score)).toBeLessThan(1e-5)
      }
      await using reranker = await TextReranker.load(folder, { maxLength: 60 })
      expectRanking(await reranker.rank(query, texts), all!)
      expectRanking(await reranker.rank(query, texts, { topK: 2 }), best!)
      await using shorter = await TextReranker.load(folder, { maxLength: 20, warmUp: false })
      expectRanking(await shorter.rank(query, texts), cut!)
      await using again = await loadTextModel(saved, { maxLength: 60, warmUp: false })
      expect(again.task).toBe('reranking')
      if (again.task === 'reranking') expectRanking(await again.rank(query, texts), all!)
    })

    it.each(families)('answers of a random %s, over windows, with and without none', async (family) => {
      const folder = await tinyAnswerer({ family, seed: 8 })
      const inputs = texts
        .filter((context) => context !== '')
        .map((context) => ({ question: 'what was great', context }))
      const calls = inputs.flatMap((input) => [
        { ...input, maxLength: 32, stride: 8 },
        { ...input, maxLength: 32, stride: 8, noAnswer: true, maxAnswerTokens: 3 },
      ])
      const expected = await theirs<{ start: number; end: number; score: number }[]>('answer', folder, calls)
      await using answerer = await QuestionAnswerer.load(folder, { maxLength: 32, windowOverlap: 8 })
      for (const [i, { question, context, ...asked }] of calls.entries()) {
        const { answers } = await answerer.answer(
          { question, context },
          {
            topK: 5,
            maxAnswerTokens: 'maxAnswerTokens' in asked ? asked.maxAnswerTokens : undefined,
            handleImpossibleAnswer: 'noAnswer' in asked,
          },
        )
        const place = (at: number) => [...context].slice(0, at).join('').length
        const best = expected[i]!.slice(0, 5)
        expect(answers.map(({ start, end }) => [start, end])).toEqual(
          best.map(({ start, end }) => [place(start), place(end)]),
        )
        for (const [k, { score }] of answers.entries())
          expect(Math.abs(score - best[k]!.score)).toBeLessThan(1e-4)
      }
    })
  },
)
