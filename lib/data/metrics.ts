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

/** Ranks from 1, ties sharing their mean; all NaN where one value is, since nothing then has a place (as scipy has it). */
export function ranks(values: Numbers): Float64Array {
  const n = values.length
  if (Array.from(values).some(Number.isNaN)) return new Float64Array(n).fill(Number.NaN)
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

/** Metrics whose lower value is the better one. */
const falling: ReadonlySet<string> = new Set(['loss', 'perplexity', 'mse', 'mae'])

/** A metric's value so that a greater one is better: those of losses and errors with their sign turned. */
export function gainOf(metric: string, value: number): number {
  return falling.has(metric) ? -value : value
}
