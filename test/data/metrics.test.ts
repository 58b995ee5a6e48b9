import { describe, expect, it } from 'vitest'
import {
  accuracy,
  computeMetrics,
  f1,
  type MetricName,
  macroF1,
  matthewsCorrelation,
  multiLabelMetrics,
  pearson,
  spearman,
} from '../../lib/data/index.ts'
import type { TorchLoraError } from '../../lib/errors.ts'

// Made with scikit-learn 1.9.1 and scipy 1.17.1: accuracy_score, f1_score, matthews_corrcoef, pearsonr, spearmanr.
const golden = {
  binary: {
    labels: [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1, 1, 0],
    predictions: [1, 0, 1, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 0],
    accuracy: 0.6333333333333333,
    f1: 0.6666666666666666,
    macro: 0.6296296296296295,
    mcc: 0.2721655269759087,
  },
  multi: {
    labels: [
      3, 0, 2, 0, 3, 1, 0, 2, 3, 3, 0, 0, 0, 3, 2, 2, 1, 0, 2, 0, 0, 0, 0, 1, 3, 2, 2, 1, 0, 2, 2, 2, 1, 3, 3,
      3, 3, 0, 2, 3,
    ],
    predictions: [
      1, 3, 2, 0, 3, 1, 0, 2, 1, 3, 3, 0, 2, 0, 2, 0, 2, 2, 2, 0, 0, 0, 0, 1, 3, 2, 0, 1, 0, 2, 1, 2, 0, 3, 3,
      3, 3, 1, 2, 1,
    ],
    accuracy: 0.65,
    macro: 0.6322027972027973,
    mcc: 0.530193768223908,
    f1of2: 0.7272727272727273,
  },
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
  multilabel: {
    labels: [
      0, 0, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 1, 1,
      1, 1, 1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0,
    ],
    predictions: [
      1, 1, 0, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1,
      0, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0,
    ],
    micro: 0.6666666666666666,
    macro: 0.6558823529411765,
    accuracy: 0.16666666666666666,
  },
}

describe('metrics equal scikit-learn and scipy', () => {
  it('two classes', () => {
    const { labels, predictions, ...expected } = golden.binary
    expect(accuracy(predictions, labels)).toBeCloseTo(expected.accuracy, 12)
    expect(f1(predictions, labels)).toBeCloseTo(expected.f1, 12)
    expect(macroF1(predictions, labels)).toBeCloseTo(expected.macro, 12)
    expect(matthewsCorrelation(predictions, labels)).toBeCloseTo(expected.mcc, 12)
  })

  it('four classes, typed arrays', () => {
    const { labels, predictions, ...expected } = golden.multi
    const [p, l] = [Int32Array.from(predictions), Int32Array.from(labels)]
    expect(accuracy(p, l)).toBeCloseTo(expected.accuracy, 12)
    expect(macroF1(p, l)).toBeCloseTo(expected.macro, 12)
    expect(matthewsCorrelation(p, l)).toBeCloseTo(expected.mcc, 12)
    expect(f1(p, l, 2)).toBeCloseTo(expected.f1of2, 12)
  })

  it.each(['scores', 'ties'] as const)('correlations (%s)', (name) => {
    const { labels, predictions, ...expected } = golden[name]
    expect(pearson(predictions, labels)).toBeCloseTo(expected.pearson, 12)
    expect(spearman(predictions, labels)).toBeCloseTo(expected.spearman, 12)
  })

  it('several labels', () => {
    const { labels, predictions, micro, macro, accuracy: subset } = golden.multilabel
    const result = multiLabelMetrics(predictions, labels, 4)
    expect(result.micro_f1).toBeCloseTo(micro, 12)
    expect(result.macro_f1).toBeCloseTo(macro, 12)
    expect(result.accuracy).toBeCloseTo(subset, 12)
  })

  it('where nothing can be said', () => {
    expect(matthewsCorrelation([1, 1], [0, 1])).toBe(0)
    expect(f1([0, 0], [0, 0])).toBe(0)
    expect(f1([0, 0], [1, 1])).toBe(0)
    expect(pearson([1, 1, 1], [1, 2, 3])).toBeNaN()
    expect(pearson([0.1, 0.1, 0.1], [1, 2, 3])).toBeNaN()
    expect(spearman([1, 2, 3], [2, 2, 2])).toBeNaN()
    expect(pearson([1, 2, 3], [2, 4, 6])).toBe(1)
  })
})

describe('computeMetrics', () => {
  it('by name', () => {
    expect(computeMetrics(['accuracy', 'f1', 'matthews_correlation'], [1, 0, 1], [1, 0, 0])).toEqual({
      accuracy: 2 / 3,
      f1: 2 / 3,
      matthews_correlation: 0.5,
    })
    expect(computeMetrics(['pearson', 'spearmanr'], [1, 2], [3, 5])).toEqual({ pearson: 1, spearmanr: 1 })
  })

  it('refuses what makes no sense', () => {
    const code = (work: () => unknown) => {
      try {
        work()
      } catch (error) {
        return (error as TorchLoraError).code
      }
      return 'no error'
    }
    expect(code(() => computeMetrics(['bleu' as MetricName], [1], [1]))).toBe('INVALID_ARGUMENT')
    expect(code(() => computeMetrics(['toString' as MetricName], [1], [1]))).toBe('INVALID_ARGUMENT')
    expect(code(() => accuracy([], []))).toBe('INVALID_ARGUMENT')
    expect(code(() => accuracy([1], [1, 2]))).toBe('INVALID_ARGUMENT')
    expect(code(() => multiLabelMetrics([1, 0, 1], [1, 0, 1], 2))).toBe('INVALID_ARGUMENT')
  })
})
