import { TorchLoraError } from '../errors.ts'

type Numbers = ArrayLike<number>

function pairs(predictions: Numbers, labels: Numbers): number {
  if (predictions.length !== labels.length || labels.length === 0)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `metrics: expected as many predictions as labels, at least one; received ${predictions.length} and ${labels.length}`,
    )
  return labels.length
}

/**
 * Share of predictions that equal their label.
 * @throws TorchLoraError INVALID_ARGUMENT for no labels or unequal lengths (all metrics)
 */
export function accuracy(predictions: Numbers, labels: Numbers): number {
  const n = pairs(predictions, labels)
  let right = 0
  for (let i = 0; i < n; i++) if (predictions[i] === labels[i]) right++
  return right / n
}

/** Counts of a class: predicted and true, predicted only, true only. */
function counts(predictions: Numbers, labels: Numbers, positive: number) {
  let tp = 0
  let fp = 0
  let fn = 0
  for (let i = 0; i < labels.length; i++) {
    if (predictions[i] === positive) {
      if (labels[i] === positive) tp++
      else fp++
    } else if (labels[i] === positive) fn++
  }
  return { tp, fp, fn }
}

const harmonic = ({ tp, fp, fn }: { tp: number; fp: number; fn: number }) =>
  tp === 0 ? 0 : (2 * tp) / (2 * tp + fp + fn)

/** F1 of one class, 2TP / (2TP + FP + FN); 0 where there are no true positives (scikit-learn's `f1_score`). */
export function f1(predictions: Numbers, labels: Numbers, positive = 1): number {
  pairs(predictions, labels)
  return harmonic(counts(predictions, labels, positive))
}

/** Mean of the F1 of every class that occurs in predictions or labels (scikit-learn, `average='macro'`). */
export function macroF1(predictions: Numbers, labels: Numbers): number {
  pairs(predictions, labels)
  const classes = new Set([...Array.from(predictions), ...Array.from(labels)])
  let sum = 0
  for (const c of classes) sum += harmonic(counts(predictions, labels, c))
  return sum / classes.size
}

/**
 * Matthews correlation coefficient of any number of classes (Gorodkin's R_K); 0 where predictions or labels are all
 * of one class (scikit-learn's `matthews_corrcoef`).
 */
export function matthewsCorrelation(predictions: Numbers, labels: Numbers): number {
  const n = pairs(predictions, labels)
  const predicted = new Map<number, number>()
  const actual = new Map<number, number>()
  let right = 0
  for (let i = 0; i < n; i++) {
    predicted.set(predictions[i]!, (predicted.get(predictions[i]!) ?? 0) + 1)
    actual.set(labels[i]!, (actual.get(labels[i]!) ?? 0) + 1)
    if (predictions[i] === labels[i]) right++
  }
  let cross = 0
  let squarePredicted = 0
  let squareActual = 0
  for (const [c, count] of predicted) {
    cross += count * (actual.get(c) ?? 0)
    squarePredicted += count * count
  }
  for (const count of actual.values()) squareActual += count * count
  const spread = (n * n - squarePredicted) * (n * n - squareActual)
  return spread === 0 ? 0 : (right * n - cross) / Math.sqrt(spread)
}

/** Pearson's correlation; NaN where either side is constant (scipy's `pearsonr`). */
export function pearson(predictions: Numbers, labels: Numbers): number {
  const n = pairs(predictions, labels)
  let meanX = 0
  let meanY = 0
  for (let i = 0; i < n; i++) {
    meanX += predictions[i]! / n
    meanY += labels[i]! / n
  }
  let xy = 0
  let xx = 0
  let yy = 0
  for (let i = 0; i < n; i++) {
    const x = predictions[i]! - meanX
    const y = labels[i]! - meanY
    xy += x * y
    xx += x * x
    yy += y * y
  }
  // A constant that is not exact in binary leaves a rest of rounding; scipy calls the correlation undefined too.
  const constant = (values: Numbers) => Array.from(values).every((v) => v === values[0])
  if (constant(predictions) || constant(labels)) return Number.NaN
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)))
}

/** Spearman's rank correlation, ties sharing their mean rank; NaN where either side is constant (scipy's `spearmanr`). */
export function spearman(predictions: Numbers, labels: Numbers): number {
  pairs(predictions, labels)
  return pearson(ranks(predictions), ranks(labels))
}

function ranks(values: Numbers): Float64Array {
  const n = values.length
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const result = new Float64Array(n)
  for (let start = 0; start < n; ) {
    let end = start
    while (end < n && values[order[end]!] === values[order[start]!]) end++
    for (let k = start; k < end; k++) result[order[k]!] = (start + end + 1) / 2
    start = end
  }
  return result
}

/** Names as in Hugging Face's `evaluate` of GLUE. */
export type MetricName = 'accuracy' | 'f1' | 'macro_f1' | 'matthews_correlation' | 'pearson' | 'spearmanr'

const METRICS: Record<MetricName, (predictions: Numbers, labels: Numbers) => number> = {
  accuracy,
  f1: (predictions, labels) => f1(predictions, labels),
  macro_f1: macroF1,
  matthews_correlation: matthewsCorrelation,
  pearson,
  spearmanr: spearman,
}

export const metricNames = Object.keys(METRICS) as readonly MetricName[]

/**
 * Several metrics by name. Predictions and labels are class ids, or scores for pearson and spearmanr.
 * @throws TorchLoraError INVALID_ARGUMENT for a name that is not one of {@link MetricName}
 */
export function computeMetrics(
  names: readonly MetricName[],
  predictions: Numbers,
  labels: Numbers,
): Partial<Record<MetricName, number>> {
  return Object.fromEntries(
    names.map((name) => {
      if (!Object.hasOwn(METRICS, name))
        throw new TorchLoraError(
          'INVALID_ARGUMENT',
          `metric ${JSON.stringify(name)}: expected one of ${Object.keys(METRICS).join(', ')}`,
        )
      return [name, METRICS[name](predictions, labels)]
    }),
  )
}

/**
 * Multi-label metrics over 0/1 values of shape [n, classes], row by row: F1 over all entries (micro), mean F1 of the
 * classes (macro), and the share of rows that are right in every class (subset accuracy), as scikit-learn has them.
 */
export function multiLabelMetrics(
  predictions: Numbers,
  labels: Numbers,
  classes: number,
): { micro_f1: number; macro_f1: number; accuracy: number } {
  const n = pairs(predictions, labels)
  if (!Number.isInteger(classes) || classes < 1 || n % classes !== 0)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `multiLabelMetrics: expected ${n} values to be rows of ${classes} classes`,
    )
  const total = { tp: 0, fp: 0, fn: 0 }
  let macro = 0
  for (let c = 0; c < classes; c++) {
    const rows = n / classes
    const column = (values: Numbers) => Uint8Array.from({ length: rows }, (_, r) => values[r * classes + c]!)
    const of = counts(column(predictions), column(labels), 1)
    macro += harmonic(of) / classes
    total.tp += of.tp
    total.fp += of.fp
    total.fn += of.fn
  }
  let right = 0
  for (let r = 0; r < n; r += classes) {
    let same = true
    for (let c = r; c < r + classes; c++) same &&= predictions[c] === labels[c]
    if (same) right++
  }
  return { micro_f1: harmonic(total), macro_f1: macro, accuracy: right / (n / classes) }
}
