/** Temperatures that a fit may come to. Beyond them probabilities are all but certain, or all but alike. */
const bounds = { least: 0.001, most: 1000 }

/**
 * The temperature T at which softmax(logits / T), of several labels sigmoid(logits / T), makes the labels most likely:
 * the minimum of the mean cross-entropy, which is convex in 1 / T (Guo, Pleiss, Sun, Weinberger, "On Calibration of
 * Modern Neural Networks", ICML 2017, section 4.2).
 * @param logits of each example, a number a class
 * @param labels of each example, its class; of several labels 0 or 1 a class, [n, C]
 * @returns null where the minimum is none between 0.001 and 1000: answers that are all right want certainty, answers no
 * better than a guess none at all
 */
export function fitTemperature(
  logits: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  { multiLabel = false }: { multiLabel?: boolean } = {},
): number | null {
  const slopeAt = (inverse: number) =>
    multiLabel ? decisionSlope(logits, labels, inverse) : classSlope(logits, labels, inverse)
  let [low, high] = [1 / bounds.most, 1 / bounds.least]
  // Written so that NaN has no minimum either.
  if (!(slopeAt(low).slope < 0 && slopeAt(high).slope > 0)) return null
  let inverse = 1
  // Newton's method, kept between what is too small and what is too large.
  for (let i = 0; i < 100; i++) {
    const { slope, curvature } = slopeAt(inverse)
    if (slope < 0) low = inverse
    else high = inverse
    const newton = inverse - slope / curvature
    const next = newton > low && newton < high ? newton : (low + high) / 2
    const moved = Math.abs(next - inverse)
    inverse = next
    if (moved <= 1e-12 * inverse) break
  }
  return 1 / inverse
}

interface Slope {
  /** Of the sum of cross-entropies by 1 / T. */
  slope: number
  curvature: number
}

/** Mean of the logits under their probabilities less the label's logit, and their variance. */
function classSlope(logits: readonly ArrayLike<number>[], labels: ArrayLike<number>, inverse: number): Slope {
  let [slope, curvature] = [0, 0]
  for (let i = 0; i < logits.length; i++) {
    const row = logits[i]!
    let largest = Number.NEGATIVE_INFINITY
    for (let c = 0; c < row.length; c++) largest = Math.max(largest, row[c]!)
    let [total, first, second] = [0, 0, 0]
    for (let c = 0; c < row.length; c++) {
      const weight = Math.exp(inverse * (row[c]! - largest))
      total += weight
      first += weight * row[c]!
      second += weight * row[c]! ** 2
    }
    const mean = first / total
    slope += mean - row[labels[i]!]!
    curvature += second / total - mean ** 2
  }
  return { slope, curvature }
}

function decisionSlope(
  logits: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  inverse: number,
): Slope {
  let [slope, curvature] = [0, 0]
  for (let i = 0; i < logits.length; i++) {
    const row = logits[i]!
    for (let c = 0; c < row.length; c++) {
      const probability = 1 / (1 + Math.exp(-inverse * row[c]!))
      slope += (probability - labels[i * row.length + c]!) * row[c]!
      curvature += probability * (1 - probability) * row[c]! ** 2
    }
  }
  return { slope, curvature }
}
