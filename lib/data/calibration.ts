/** Answers of like confidence: how sure they were on average, and how often right. */
export interface CalibrationBin {
  /** Mean confidence. */
  confidence: number
  /** Share that is right. */
  accuracy: number
  count: number
}

/**
 * Answers by confidence, in bins of equal width over (0, 1]; bins that nothing falls into are left away.
 * @param confidences of the answers given @param right 1 where the answer is right
 */
export function calibrationBins(
  confidences: ArrayLike<number>,
  right: ArrayLike<number>,
  { bins = 15 }: { bins?: number | undefined } = {},
): CalibrationBin[] {
  const sums = Array.from({ length: bins }, () => ({ confidence: 0, right: 0, count: 0 }))
  for (let i = 0; i < confidences.length; i++) {
    const bin = sums[Math.min(bins - 1, Math.max(0, Math.ceil(confidences[i]! * bins) - 1))]!
    bin.confidence += confidences[i]!
    bin.right += right[i]!
    bin.count++
  }
  return sums
    .filter(({ count }) => count > 0)
    .map((bin) => ({
      confidence: bin.confidence / bin.count,
      accuracy: bin.right / bin.count,
      count: bin.count,
    }))
}

/**
 * Expected calibration error: how far confidence and accuracy of the bins lie apart on average (Guo, Pleiss, Sun,
 * Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, equation 3).
 */
export function expectedCalibrationError(bins: readonly CalibrationBin[]): number {
  const total = bins.reduce((sum, { count }) => sum + count, 0)
  return bins.reduce(
    (sum, { confidence, accuracy, count }) => sum + (count / total) * Math.abs(accuracy - confidence),
    0,
  )
}

const bounds = [0.01, 100] as const

/**
 * The temperature that logits are divided by so that the labels are likeliest: temperature scaling (Guo et al., section
 * 4.2). The mean loss is convex in 1/T, so that its derivative has one root, which bisection finds; kept within 0.01 and
 * 100, where labels that are all right (or all wrong) would have it leave.
 * @param outputs logits of each example @param labels class ids
 */
export function fitTemperature(outputs: readonly ArrayLike<number>[], labels: ArrayLike<number>): number {
  /** Of the mean of logsumexp(b z) - b z_y by b = 1/T: the mean of E_softmax(bz)[z] - z_y. */
  const slope = (b: number) => {
    let sum = 0
    for (const [i, logits] of outputs.entries()) {
      let largest = Number.NEGATIVE_INFINITY
      for (let c = 0; c < logits.length; c++) largest = Math.max(largest, logits[c]!)
      let total = 0
      let expected = 0
      for (let c = 0; c < logits.length; c++) {
        const weight = Math.exp(b * (logits[c]! - largest))
        total += weight
        expected += weight * logits[c]!
      }
      sum += expected / total - logits[labels[i]!]!
    }
    return sum
  }
  let [low, high] = [Math.log(1 / bounds[1]), Math.log(1 / bounds[0])]
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (slope(Math.exp(middle)) < 0) low = middle
    else high = middle
  }
  return Math.exp(-(low + high) / 2)
}
