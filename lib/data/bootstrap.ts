import { Random } from './random.ts'

/** Bounds that a value lies between. */
export type Interval = readonly [low: number, high: number]

export interface BootstrapOptions {
  /** How many samples are drawn. Default 1000. */
  samples?: number | undefined
  /** Default 0.95. */
  level?: number | undefined
  seed?: number | undefined
}

/**
 * A percentile bootstrap interval of a statistic over `n` examples (Efron, "Bootstrap Methods", 1979): the statistic of
 * samples of n, drawn with replacement, and the quantiles of what they give. The same seed gives the same interval.
 * Samples whose statistic is not a number (a ROC curve of one class) are left away.
 * @param statistic of the examples `indices`, each as often as it was drawn
 */
export function bootstrapInterval(
  statistic: (indices: Uint32Array) => number,
  n: number,
  { samples = 1000, level = 0.95, seed = 0 }: BootstrapOptions = {},
): Interval {
  const random = new Random(seed)
  const indices = new Uint32Array(n)
  const values: number[] = []
  for (let s = 0; s < samples; s++) {
    for (let i = 0; i < n; i++) indices[i] = random.below(n)
    const value = statistic(indices)
    if (!Number.isNaN(value)) values.push(value)
  }
  values.sort((a, b) => a - b)
  return [quantile(values, (1 - level) / 2), quantile(values, (1 + level) / 2)]
}

/** Between the nearest two of sorted values, linearly (numpy's `quantile`); NaN of none. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1)
  const low = sorted[Math.floor(at)]
  const high = sorted[Math.ceil(at)]
  return low === undefined || high === undefined ? Number.NaN : low + (at - Math.floor(at)) * (high - low)
}
