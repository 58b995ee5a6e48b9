import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { tinyExamples, tinyModel } from '../train/tiny.ts'

const rows = tinyExamples(48)
let base: string

beforeAll(async () => {
  base = await tinyModel()
})

/** What a program gives, in a folder of its own. */
async function outcome(name: string): Promise<unknown> {
  const { main } = await import(`./programs/${name}.ts`)
  return await main({ base, rows, out: await mkdtemp(join(tmpdir(), 'program-')) })
}

const probability = expect.toSatisfy((value: number) => value >= 0 && value <= 1)

const above = (least: number) => expect.toSatisfy((value: number) => value > least)
const below = (most: number) => expect.toSatisfy((value: number) => value < most)

describe('a program for an everyday job', () => {
  it.each<[name: string, expected: unknown]>([
    ['train-own-rows', { seen: 2, accuracy: probability, interrupted: false }],
    ['resume', { resumedAt: 4, steps: 12 }],
    ['evaluate', { accuracy: probability, loss: expect.any(Number) }],
    ['merge-and-save', { labels: ['bad', 'good'] }],
    ['classify-inferred', { answer: expect.stringMatching(/^(bad|good)$/) }],
    ['stream-pipeline', { written: 48 }],
    ['stream-web', { right: 48, failed: 1 }],
    ['hot-swap', { statuses: [200, 200, 200, 200, 200, 200, 200, 200, 422] }],
    ['ops-compile', { scaled: [[16], [36]], shape: [2, 1], same: true }],
    ['own-loss', { steps: 12 }],
    ['own-optimizer', { optimizerStateBytes: 0, moved: expect.toSatisfy((count: number) => count > 4) }],
    [
      'own-head',
      { steps: 12, head: ['inner.weight', 'inner.bias', 'outer.weight', 'outer.bias'], same: true },
    ],
    ['own-encoder', { accuracy: above(0.8), served: above(0.8) }],
    ['own-adapter', { steps: 12, adapted: 8, same: true, left: 0 }],
    ['own-module-trainer', { steps: 240, first: above(0.4), last: below(0.3), accuracy: above(0.9) }],
    ['multi-label', { metrics: expect.arrayContaining(['loss', 'micro_f1']) }],
    ['regression', { pearson: expect.any(Number) }],
    ['abort', { interrupted: true, steps: 1 }],
    ['from-memory', { labels: ['bad', 'good'] }],
    ['semantic-search', { found: true, rows: 48, dimensions: 16 }],
    ['retrieve-and-answer', { within: true, ranked: true }],
    [
      'load-any',
      {
        answers: [expect.stringMatching(/^sequence-classification: (bad|good)$/), 'masked-language-model: 2'],
      },
    ],
    ['adapters-by-request', { own: expect.any(String), adapted: expect.any(String) }],
  ])('%s runs', async (name, expected) => {
    expect(await outcome(name)).toEqual(expected)
  })

  it('cross-validate runs, and leaves as much in memory after each fold', async () => {
    const { accuracies, alive } = (await outcome('cross-validate')) as Record<string, number[]>
    expect(accuracies).toHaveLength(4)
    // What programs before have left goes meanwhile; what a fold leaves would add up.
    expect(Math.max(...alive!.slice(2))).toBeLessThanOrEqual(alive![1]!)
  })

  it('own-module learns, and comes back from its file', async () => {
    const { first, last, ...rest } = (await outcome('own-module')) as Record<string, number>
    expect(last).toBeLessThan(first! / 4)
    const blocks = [0, 1].flatMap((i) =>
      ['linear.weight', 'linear.bias', 'norm.weight', 'norm.bias'].map((name) => `blocks.${i}.${name}`),
    )
    expect(rest).toEqual({
      paths: [...blocks, 'out.weight', 'out.bias', 'mean'],
      parameters: 10,
      found: { missing: [], unexpected: [] },
      same: true,
    })
  })
})
