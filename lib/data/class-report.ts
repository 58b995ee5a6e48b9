import { TorchLoraError } from '../errors.ts'

/** Precision, recall and F1 of one class, or their averages; `support` is how many labels there are. */
export interface ClassScores {
  precision: number
  recall: number
  f1: number
  support: number
}

/** What a classifier did with each class; scikit-learn's `classification_report`. */
export interface ClassReport {
  /** By class, in the order of the outputs. */
  classes: ({ label: string } & ClassScores)[]
  /** Over all decisions together. */
  micro: ClassScores
  /** Means over the classes that occur in labels or predictions. */
  macro: ClassScores
  /** The same, each class counting by its support. */
  weighted: ClassScores
}

interface Counts {
  right: number
  predicted: number
  actual: number
}

/** Rows are labels, columns predictions: [C, C] (scikit-learn's `confusion_matrix`). */
export function confusionMatrix(
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < labels.length; i++) {
    const row = matrix[labels[i]!]
    if (row?.[predictions[i]!] === undefined)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `confusionMatrix: expected classes from 0 to ${classes - 1}, received ${labels[i]} and ${predictions[i]}`,
      )
    row[predictions[i]!]!++
  }
  return matrix
}

/** The report of a single-label classifier. @param matrix as `confusionMatrix` gives it @param names of the classes */
export function classReport(matrix: readonly (readonly number[])[], names: readonly string[]): ClassReport {
  return reportOf(
    matrix.map((row, c) => ({
      right: row[c]!,
      predicted: matrix.reduce((sum, each) => sum + each[c]!, 0),
      actual: row.reduce((sum, count) => sum + count, 0),
    })),
    names,
  )
}

/** The same of a multi-label classifier, whose classes are decided apart. @param predictions 0 or 1, [n, C] row by row */
export function multiLabelReport(
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  names: readonly string[],
): ClassReport {
  const counts = names.map((): Counts => ({ right: 0, predicted: 0, actual: 0 }))
  for (let i = 0; i < labels.length; i++) {
    const of = counts[i % names.length]!
    of.predicted += predictions[i]!
    of.actual += labels[i]!
    of.right += predictions[i]! * labels[i]!
  }
  return reportOf(counts, names)
}

function reportOf(counts: readonly Counts[], names: readonly string[]): ClassReport {
  const classes = counts.map((count, c) => ({ label: names[c]!, ...scoresOf(count) }))
  const met = classes.filter((_, c) => counts[c]!.predicted + counts[c]!.actual > 0)
  const total = (of: keyof Counts) => counts.reduce((sum, count) => sum + count[of], 0)
  const support = total('actual')
  const mean = (weight: (scores: ClassScores) => number): ClassScores => {
    const over = (of: 'precision' | 'recall' | 'f1') =>
      met.reduce((sum, scores) => sum + weight(scores) * scores[of], 0)
    return { precision: over('precision'), recall: over('recall'), f1: over('f1'), support }
  }
  return {
    classes,
    micro: scoresOf({ right: total('right'), predicted: total('predicted'), actual: support }),
    macro: mean(() => 1 / met.length),
    weighted: mean((scores) => (support === 0 ? 0 : scores.support / support)),
  }
}

/** What divides by nothing is 0, as scikit-learn's `zero_division` has it. */
function scoresOf({ right, predicted, actual }: Counts): ClassScores {
  const share = (of: number) => (of === 0 ? 0 : right / of)
  return {
    precision: share(predicted),
    recall: share(actual),
    f1: right === 0 ? 0 : (2 * right) / (predicted + actual),
    support: actual,
  }
}
