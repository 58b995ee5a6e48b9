import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bootstrapInterval, quantile } from '../../lib/data/bootstrap.ts'
import { confusionMatrix } from '../../lib/data/class-report.ts'
import { mcNemar } from '../../lib/data/mcnemar.ts'
import { accuracy, matthewsCorrelation, pearson, spearman } from '../../lib/data/metrics.ts'
import { averagePrecision, rocAuc } from '../../lib/data/ranking-metrics.ts'
import type { TorchLoraError } from '../../lib/errors.ts'
import { SequenceClassification } from '../../lib/tasks/sequence-classification.ts'

interface Golden {
  labels: number[]
  logits: number[][]
  metrics: Record<string, number>
  report: Record<'micro' | 'macro' | 'weighted', Record<string, number>> & {
    classes: Record<string, number>[]
  }
  confusion?: number[][]
}

/** Made by scripts/fixtures/make_metrics.py with scikit-learn and statsmodels. */
const made = JSON.parse(readFileSync(new URL('fixtures/metrics.json', import.meta.url), 'utf8')) as Record<
  'binary' | 'several' | 'multiLabel',
  Golden
> & { mcnemar: { first: number[]; second: number[]; pValue: number }[] }

// Made with scipy 1.17.1: pearsonr, spearmanr.
const correlated = {
  scores: {
    labels: [
      4.42, 2.26, 1.13, 0.6, 2.65, 0.95, 4.03, 4.19, 0.92, 1.39, 4.04, 3.21, 4.03, 1.73, 0.65, 1.46, 3.97,
      1.36, 1.73, 2.08, 2.1, 2.05, 4.6, 0.78, 0.02,
    ],
    predictions: [
      6.35, 1.54, 2.19, 0.51, 4.83, 0.24, 4.32, 5.82, 1.68, 0.13, 3.22, 3.11, 3.64, 2.33, 1.86, 2.01, 3.55,
      3.13, 3.81, 2.68, 1.31, -0.08, 6.31, -0.52, -0.12,
    ],
    pearson: 0.8091504823424802,
    spearman: 0.779145882990921,
  },
  ties: {
    labels: [5, 0, 1, 4, 2, 1, 5, 0, 4, 4, 3, 0, 4, 0, 2, 1, 2, 4, 3, 0, 2, 1, 1, 0, 4],
    predictions: [4, -1, 0, 4, 1, 0, 5, 1, 5, 4, 2, 0, 3, 0, 3, 2, 3, 4, 2, 0, 2, 0, 0, -1, 3],
    pearson: 0.907756616010797,
    spearman: 0.9053733825801382,
  },
}

function taskOf({ logits }: Golden, multiLabel: boolean): SequenceClassification {
  return new SequenceClassification({
    labels: logits[0]!.map((_, c) => `class ${c}`),
    problemType: multiLabel ? 'multi_label_classification' : 'single_label_classification',
  })
}

describe('metrics equal scikit-learn and scipy', () => {
  it.each(['binary', 'several', 'multiLabel'] as const)('every metric of a task (%s)', (name) => {
    const golden = made[name]
    const task = taskOf(golden, name === 'multiLabel')
    const outputs = golden.logits.map((row) => Float32Array.from(row))
    const labels = { values: Int32Array.from(golden.labels), shape: [golden.labels.length] }
    expect([...task.metricNames].sort()).toEqual(
      Object.keys(golden.metrics)
        .filter((metric) => metric !== 'loss')
        .sort(),
    )
    const found = task.score(outputs, labels, task.metricNames)
    for (const [metric, value] of Object.entries(golden.metrics))
      expect(found[metric], metric).toBeCloseTo(value, 6) // logits are float32
    const details = task.details(outputs, labels)!
    for (const kind of ['micro', 'macro', 'weighted'] as const)
      for (const [of, value] of Object.entries(golden.report[kind]))
        expect(details.report[kind][of as 'f1'], `${kind} ${of}`).toBeCloseTo(value, 12)
    golden.report.classes.forEach((scores, c) => {
      expect(details.report.classes[c]).toMatchObject({ label: `class ${c}`, support: scores.support })
      for (const of of ['precision', 'recall', 'f1'] as const)
        expect(details.report.classes[c]![of]).toBeCloseTo(scores[of]!, 12)
    })
    expect(details.confusion).toEqual(golden.confusion ?? null)
    const right = details.answers.filter((answer) => answer.right).length
    expect(right / outputs.length).toBeCloseTo(found.accuracy!, 12)
    const { accuracy: interval, macro_f1 } = details.intervals(['accuracy', 'macro_f1'])
    for (const [[low, high], value] of [
      [interval!, found.accuracy!],
      [macro_f1!, found.macro_f1!],
    ] as const) {
      expect(low).toBeLessThan(value)
      expect(high).toBeGreaterThan(value)
    }
  })

  it('McNemar, exact', () => {
    for (const { first, second, pValue } of made.mcnemar)
      expect(mcNemar(first, second).pValue).toBeCloseTo(pValue, 10)
    expect(mcNemar([1, 1, 0], [1, 0, 0])).toEqual({ firstOnly: 1, secondOnly: 0, pValue: 1 })
    // 2^-3000 is below what a number holds.
    const alternating = Array.from({ length: 3000 }, (_, i) => i % 2)
    expect(
      mcNemar(
        alternating,
        alternating.map((x) => 1 - x),
      ).pValue,
    ).toBeCloseTo(1, 6)
  })

  it.each(['scores', 'ties'] as const)('correlations (%s)', (name) => {
    const { labels, predictions, ...expected } = correlated[name]
    expect(pearson(predictions, labels)).toBeCloseTo(expected.pearson, 12)
    expect(spearman(predictions, labels)).toBeCloseTo(expected.spearman, 12)
  })

  it('where nothing can be said', () => {
    expect(matthewsCorrelation([1, 1], [0, 1])).toBe(0)
    expect(pearson([1, 1, 1], [1, 2, 3])).toBeNaN()
    expect(pearson([0.1, 0.1, 0.1], [1, 2, 3])).toBeNaN()
    expect(spearman([1, 2, 3], [2, 2, 2])).toBeNaN()
    expect(pearson([1, 2, 3], [2, 4, 6])).toBe(1)
    expect(rocAuc([0.1, 0.9], [1, 1])).toBeNaN()
    expect(averagePrecision([0.1, 0.9], [0, 0])).toBeNaN()
    expect(quantile([], 0.5)).toBeNaN()
    // What a model that has diverged gives.
    expect(spearman([1, Number.NaN, 3], [1, 2, 3])).toBeNaN()
    expect(rocAuc([0.1, Number.NaN, 0.9], [0, 1, 1])).toBeNaN()
    expect(averagePrecision([0.1, Number.NaN, 0.9], [0, 1, 1])).toBeNaN()
  })
})

describe('intervals', () => {
  it('cover the true share about as often as they say', () => {
    // 200 coins of 0.8, 100 tosses each, by a generator that the bootstrap does not use.
    let state = 1
    const toss = () => {
      state = (state * 48271) % 2147483647
      return state / 2147483647 < 0.8 ? 1 : 0
    }
    let covered = 0
    for (let trial = 0; trial < 200; trial++) {
      const tosses = Array.from({ length: 100 }, toss)
      const [low, high] = bootstrapInterval(
        (indices) => indices.reduce((sum, i) => sum + tosses[i]!, 0) / indices.length,
        tosses.length,
        { samples: 300, seed: trial },
      )
      if (low <= 0.8 && 0.8 <= high) covered++
    }
    expect(covered / 200).toBeGreaterThan(0.88)
    expect(covered / 200).toBeLessThan(0.99)
  })

  it('the same seed gives the same', () => {
    const statistic = (indices: Uint32Array) => indices[0]! + indices[1]!
    expect(bootstrapInterval(statistic, 9)).toEqual(bootstrapInterval(statistic, 9))
    expect(bootstrapInterval(statistic, 9, { seed: 1, level: 0.5 })).not.toEqual(
      bootstrapInterval(statistic, 9),
    )
  })
})

describe('the loss of an evaluation', () => {
  it('is finite however far apart logits are', () => {
    const task = new SequenceClassification({
      labels: ['a', 'b'],
      problemType: 'single_label_classification',
    })
    const outputs = [Float32Array.of(0, 800), Float32Array.of(-2000, 0)]
    const labels = { values: Int32Array.of(0, 0), shape: [2] }
    expect(task.score(outputs, labels, []).loss).toBe(1400)
  })
})

const code = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    return (error as TorchLoraError).code
  }
  return 'no error'
}

describe('wrong input', () => {
  it('a metric that the task has not is refused, and those that it has are listed', () => {
    const task = new SequenceClassification({
      labels: ['a', 'b', 'c'],
      problemType: 'single_label_classification',
    })
    expect(() => task.requireMetrics(['bleu'])).toThrow(/no "bleu"; it has accuracy, macro_f1,/)
    // F1 of "the positive class" needs two classes.
    for (const name of ['f1', 'toString', 'pearson'])
      expect(code(() => task.requireMetrics([name]))).toBe('INVALID_ARGUMENT')
  })

  it('refuses what makes no sense', () => {
    expect(code(() => accuracy([], []))).toBe('INVALID_ARGUMENT')
    expect(code(() => accuracy([1], [1, 2]))).toBe('INVALID_ARGUMENT')
    expect(code(() => mcNemar([1], [1, 0]))).toBe('INVALID_ARGUMENT')
    expect(code(() => confusionMatrix([0, 2], [0, 1], 2))).toBe('INVALID_ARGUMENT')
  })
})
