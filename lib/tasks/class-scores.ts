import { bootstrapInterval, type Interval } from '../data/bootstrap.ts'
import { type CalibrationBin, calibrationBins, expectedCalibrationError } from '../data/calibration.ts'
import { type ClassReport, classReport, confusionMatrix, multiLabelReport } from '../data/class-report.ts'
import { accuracy, matthewsCorrelation } from '../data/metrics.ts'
import { averagePrecision, rocAuc } from '../data/ranking-metrics.ts'
import { mean } from './arithmetic.ts'

/** What a classifier said of examples, and what holds. Single-label: a class id each; multi-label: 0 or 1, [n, C]. */
export interface ClassScoresInput {
  names: readonly string[]
  multiLabel: boolean
  /** Of each example, a probability a class. */
  probabilities: readonly (readonly number[])[]
  predictions: ArrayLike<number>
  labels: ArrayLike<number>
}

type Metric = (scored: ClassScoresInput) => number

const report = ({ multiLabel, predictions, labels, names }: ClassScoresInput): ClassReport =>
  multiLabel
    ? multiLabelReport(predictions, labels, names)
    : classReport(confusionMatrix(predictions, labels, names.length), names)

const average =
  (kind: 'micro' | 'macro' | 'weighted', of: 'precision' | 'recall' | 'f1'): Metric =>
  (scored) =>
    report(scored)[kind][of]

/** Of the second class where there are two; the mean over classes (one against the rest) that have both kinds. */
const ranked =
  (of: (scores: ArrayLike<number>, labels: ArrayLike<number>) => number): Metric =>
  ({ names, multiLabel, probabilities, labels }) => {
    const ofClass = (c: number) =>
      of(
        probabilities.map((row) => row[c]!),
        probabilities.map((_, i) => (multiLabel ? labels[i * names.length + c]! : labels[i] === c ? 1 : 0)),
      )
    if (!multiLabel && names.length === 2) return ofClass(1)
    return mean(names.map((_, c) => ofClass(c)).filter((value) => !Number.isNaN(value)))
  }

/** The share of rows that are right in every class. */
const subsetAccuracy: Metric = ({ names, predictions, labels }) => {
  const rows = labels.length / names.length
  let right = 0
  for (let r = 0; r < rows; r++) {
    const start = r * names.length
    if (names.every((_, c) => predictions[start + c] === labels[start + c])) right++
  }
  return right / rows
}

/** Names as scikit-learn and Hugging Face's `evaluate` have them. */
const single: Readonly<Record<string, Metric>> = {
  accuracy: ({ predictions, labels }) => accuracy(predictions, labels),
  macro_f1: average('macro', 'f1'),
  micro_f1: average('micro', 'f1'),
  weighted_f1: average('weighted', 'f1'),
  macro_precision: average('macro', 'precision'),
  macro_recall: average('macro', 'recall'),
  matthews_correlation: ({ predictions, labels }) => matthewsCorrelation(predictions, labels),
  roc_auc: ranked(rocAuc),
  average_precision: ranked(averagePrecision),
  ece: (scored) => expectedCalibrationError(calibration(scored)),
}

/** Where there are two classes the second is the positive one, as in GLUE. */
const binary: Readonly<Record<string, Metric>> = {
  ...single,
  f1: (scored) => report(scored).classes[1]!.f1,
  precision: (scored) => report(scored).classes[1]!.precision,
  recall: (scored) => report(scored).classes[1]!.recall,
}

/** Of several labels accuracy is of whole rows; the correlation of every decision has no name in the literature. */
const { matthews_correlation: _, ...shared } = single
const multi: Readonly<Record<string, Metric>> = { ...shared, accuracy: subsetAccuracy }

/** The metrics of a classifier by name. */
export function classMetrics(classes: number, { multiLabel }: { multiLabel: boolean }) {
  if (multiLabel) return multi
  return classes === 2 ? binary : single
}

/** Answers by confidence: the probability of the answer; of several labels each decision is an answer. */
function calibration({ multiLabel, probabilities, predictions, labels }: ClassScoresInput): CalibrationBin[] {
  const confidences = multiLabel
    ? probabilities.flatMap((row) => row.map((p) => Math.max(p, 1 - p)))
    : probabilities.map((row, i) => row[predictions[i]!]!)
  const right = Uint8Array.from(confidences, (_, i) => (predictions[i] === labels[i] ? 1 : 0))
  return calibrationBins(confidences, right)
}

/** What there is to say of a classifier beside single numbers. */
export interface ClassDetails {
  report: ClassReport
  /** Rows are labels, columns predictions; null for several labels. */
  confusion: number[][] | null
  calibration: CalibrationBin[]
}

export function classDetails(scored: ClassScoresInput): ClassDetails {
  const { multiLabel, predictions, labels, names } = scored
  return {
    report: report(scored),
    confusion: multiLabel ? null : confusionMatrix(predictions, labels, names.length),
    calibration: calibration(scored),
  }
}

/** Decisions that a thousand samples may look at in all: a second or two. */
const work = 2e7

/** Bootstrap intervals (95 %) of metrics, by name; of a large set from fewer samples. */
export function classIntervals(scored: ClassScoresInput, names: readonly string[]): Record<string, Interval> {
  const metrics = classMetrics(scored.names.length, scored)
  const { multiLabel, probabilities, predictions, labels } = scored
  const width = multiLabel ? scored.names.length : 1
  const n = probabilities.length
  const samples = Math.max(200, Math.min(1000, Math.round(work / (n * width * names.length))))
  const pick = (values: ArrayLike<number>, indices: Uint32Array) => {
    const picked = new Float64Array(n * width)
    for (let i = 0; i < n; i++)
      for (let c = 0; c < width; c++) picked[i * width + c] = values[indices[i]! * width + c]!
    return picked
  }
  return Object.fromEntries(
    names.map((name) => [
      name,
      bootstrapInterval(
        (indices) =>
          metrics[name]!({
            ...scored,
            predictions: pick(predictions, indices),
            labels: pick(labels, indices),
            probabilities: Array.from(indices, (i) => probabilities[i]!),
          }),
        n,
        { samples },
      ),
    ]),
  )
}
