import { mean } from '../tasks/arithmetic.ts'
import type { RatePoint } from './learning-rates-file.ts'

/** Decades to either side of a rate over which the fall of the loss is measured. */
const half = 0.5
/** A slope that is no more than so many of its standard errors may be noise. */
const errors = 2

/**
 * The learning rate around which the loss fell fastest: the middle of the decade whose straight line through loss by
 * log10 of the rate is the steepest. One update's loss depends on its batch; a line through a decade of them hardly does.
 * @param points in the order of their rates
 * @returns to two digits; null where no decade falls by more than chance would have it
 */
export function fallingRate(points: readonly RatePoint[]): number | null {
  const logs = points.map(({ learningRate }) => Math.log10(learningRate))
  let best: { slope: number; at: number } | null = null
  for (const at of logs) {
    if (at - half < logs[0]! - 1e-9 || at + half > logs.at(-1)! + 1e-9) continue
    const inside = points.filter((_, i) => Math.abs(logs[i]! - at) <= half + 1e-9)
    const line = lineThrough(inside)
    if (line && line.slope < -errors * line.error && line.slope < (best?.slope ?? 0))
      best = { slope: line.slope, at }
  }
  return best && Number((10 ** best.at).toPrecision(2))
}

/** Least squares of loss by log10 of the rate; null of fewer than five points. */
function lineThrough(points: readonly RatePoint[]): { slope: number; error: number } | null {
  const n = points.length
  if (n < 5) return null
  const xs = points.map(({ learningRate }) => Math.log10(learningRate))
  const ys = points.map(({ loss }) => loss)
  const [x, y] = [mean(xs), mean(ys)]
  const spread = xs.reduce((sum, each) => sum + (each - x) ** 2, 0)
  const slope = xs.reduce((sum, each, i) => sum + (each - x) * (ys[i]! - y), 0) / spread
  const rest = xs.reduce((sum, each, i) => sum + (ys[i]! - y - slope * (each - x)) ** 2, 0)
  return { slope, error: Math.sqrt(rest / (n - 2) / spread) }
}
