import { describe, expect, it } from 'vitest'
import {
  BatchSampler,
  type BatchSamplerOptions,
  type BatchSamplerState,
  evaluationBatches,
  Random,
  type RandomState,
} from '../../lib/data/index.ts'
import type { TorchLoraError } from '../../lib/errors.ts'

const failure = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return `${(error as TorchLoraError).code}: ${(error as Error).message}`
  }
  return 'no error'
}

describe('Random', () => {
  it('is xoshiro128**', () => {
    const random = new Random(0)
    random.restore([1, 2, 3, 4])
    // The reference C program (prng.di.unimi.it/xoshiro128starstar.c) from the same state.
    const expected = [
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]
    expect(expected.map(() => random.uint32())).toEqual(expected)
  })

  it('goes on from a state that went through JSON', () => {
    const random = new Random(42)
    for (let i = 0; i < 100; i++) random.uint32()
    const other = new Random(7)
    other.restore(JSON.parse(JSON.stringify(random.state())) as RandomState)
    expect(Array.from({ length: 20 }, () => other.uint32())).toEqual(
      Array.from({ length: 20 }, () => random.uint32()),
    )
  })

  it('differs by seed and by stream, and not otherwise', () => {
    const first = (seed: number, stream?: number) => new Random(seed, stream).state().join()
    const all = [0, 1, -1, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER].flatMap((seed) =>
      [0, 1, 2].map((stream) => first(seed, stream)),
    )
    expect(new Set(all).size).toBe(all.length)
    expect(first(5, 3)).toBe(first(5, 3))
  })

  it('draws evenly', () => {
    const random = new Random(1)
    const counts = new Array(7).fill(0) as number[]
    for (let i = 0; i < 70_000; i++) counts[random.below(7)]!++
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400) // 4 standard deviations: 370
    const places = new Array(5).fill(0) as number[]
    for (let i = 0; i < 10_000; i++) places[random.permutation(5).indexOf(0)]!++
    for (const count of places) expect(Math.abs(count - 2000)).toBeLessThan(180)
  })

  it('refuses bad seeds and states', () => {
    for (const seed of [1.5, Number.NaN, 2 ** 60])
      expect(failure(() => new Random(seed))).toMatch(/INVALID_ARGUMENT.*seed/)
    for (const state of [[0, 0, 0, 0], [1, 2, 3], [1, 2, 3, -4], null, 'x'])
      expect(failure(() => new Random(0).restore(state as RandomState))).toMatch(
        /INVALID_ARGUMENT.*random state/,
      )
  })
})

const lengths = Array.from({ length: 103 }, (_, i) => 5 + ((i * 37) % 90))
const epochOf = (sampler: BatchSampler): number[][] =>
  Array.from({ length: sampler.batchesInEpoch }, () => [...sampler.next()])

describe('BatchSampler', () => {
  it('deals every example once an epoch, in another order each time', () => {
    const sampler = new BatchSampler({ lengths, batchSize: 16, seed: 3 })
    expect(sampler.batchesInEpoch).toBe(7)
    expect(sampler.totalBatches(5)).toBe(35)
    const first = epochOf(sampler)
    expect(first.map((b) => b.length)).toEqual([16, 16, 16, 16, 16, 16, 7])
    expect(first.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i))
    expect([sampler.epoch, sampler.batchInEpoch]).toEqual([1, 0])
    const second = epochOf(sampler)
    expect(sampler.epoch).toBe(2)
    expect(second).not.toEqual(first)
    expect(second.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i))
    expect(epochOf(new BatchSampler({ lengths, batchSize: 16, seed: 3 }))).toEqual(first)
    expect(epochOf(new BatchSampler({ lengths, batchSize: 16, seed: 4 }))).not.toEqual(first)
  })

  it('keeps the order without shuffle, and leaves the rest out with dropLast', () => {
    const sampler = new BatchSampler({ lengths, batchSize: 50, shuffle: false, dropLast: true })
    expect(epochOf(sampler)).toEqual([
      Array.from({ length: 50 }, (_, i) => i),
      Array.from({ length: 50 }, (_, i) => 50 + i),
    ])
  })

  it('keeps to a budget of tokens, but never leaves an example out', () => {
    const withLong = [...lengths, 500]
    for (const batchSize of [undefined, 4]) {
      const sampler = new BatchSampler({ lengths: withLong, maxTokens: 256, batchSize, seed: 1 })
      for (let epoch = 0; epoch < 3; epoch++) {
        const batches = epochOf(sampler)
        expect(batches.flat().length).toBe(104)
        for (const batch of batches) {
          const tokens = batch.reduce((sum, i) => sum + withLong[i]!, 0)
          expect(tokens <= 256 || batch.length === 1).toBe(true)
          if (batchSize) expect(batch.length).toBeLessThanOrEqual(batchSize)
        }
      }
    }
    const sampler = new BatchSampler({ lengths, maxTokens: 256 })
    let counted = 0
    while (sampler.epoch < 3) {
      sampler.next()
      counted++
    }
    expect(sampler.totalBatches(3)).toBe(counted)
  })

  const configurations: Partial<BatchSamplerOptions>[] = [
    { batchSize: 16 },
    { maxTokens: 300 },
    { batchSize: 8, shuffle: false },
  ]
  it.each(configurations)('resumes exactly, from any step, through JSON (%j)', (options) => {
    const run = new BatchSampler({ lengths, seed: 9, ...options })
    const states: string[] = []
    const batches: number[][] = []
    for (let i = 0; i < 50; i++) {
      states.push(JSON.stringify(run.state()))
      batches.push([...run.next()])
    }
    for (let at = 0; at < 50; at += 3) {
      const resumed = new BatchSampler({ lengths, seed: 9, ...options })
      resumed.next()
      resumed.restore(JSON.parse(states[at]!) as BatchSamplerState)
      for (let i = at; i < 50; i++) expect([...resumed.next()]).toEqual(batches[i])
    }
  })

  it('refuses a state of another run, and one that cannot be', () => {
    const state = new BatchSampler({ lengths, batchSize: 16, seed: 3 }).state()
    const restore = (options: BatchSamplerOptions, s = state) =>
      failure(() => new BatchSampler(options).restore(s))
    expect(restore({ lengths: [1, 2], batchSize: 16, seed: 3 })).toMatch(
      /INCOMPATIBLE.*examples was 103, is 2; tokens was \d+, is 3/,
    )
    expect(restore({ lengths, batchSize: 8, seed: 4 })).toMatch(/batchSize was 16, is 8; seed was 3, is 4/)
    for (const bad of [{ epoch: -1 }, { batch: 99 }, { batch: 0.5 }, { epoch: 'x' as unknown as number }])
      expect(restore({ lengths, batchSize: 16, seed: 3 }, { ...state, ...bad })).toMatch(
        /INVALID_ARGUMENT.*sampler state/,
      )
  })

  it('refuses bad options', () => {
    expect(failure(() => new BatchSampler({ lengths: [] }))).toMatch(/INVALID_ARGUMENT.*at least one example/)
    expect(failure(() => new BatchSampler({ lengths, batchSize: 0 }))).toMatch(/batchSize/)
    expect(failure(() => new BatchSampler({ lengths, maxTokens: 1.5 }))).toMatch(/maxTokens/)
    expect(failure(() => new BatchSampler({ lengths, seed: 0.5 }))).toMatch(/seed/)
    expect(failure(() => new BatchSampler({ lengths: [3, 4], batchSize: 8, dropLast: true }))).toMatch(
      /leaves no batch/,
    )
  })
})

describe('evaluationBatches', () => {
  it('goes from long to short', () => {
    for (const limits of [{ batchSize: 10 }, { maxTokens: 200 }, { batchSize: 3, maxTokens: 200 }, {}]) {
      const batches = evaluationBatches(lengths, limits)
      const order = batches.flatMap((batch) => [...batch])
      for (let i = 1; i < order.length; i++)
        expect(lengths[order[i - 1]!]!).toBeGreaterThanOrEqual(lengths[order[i]!]!)
      const expected = lengths.map((_, i) => i).sort((a, b) => lengths[b]! - lengths[a]! || a - b)
      expect(order).toEqual(expected)
    }
    expect(evaluationBatches([], { batchSize: 4 })).toEqual([])
    expect(failure(() => evaluationBatches(lengths, { batchSize: -1 }))).toMatch(
      /INVALID_ARGUMENT.*batchSize/,
    )
  })
})
