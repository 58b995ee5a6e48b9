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
