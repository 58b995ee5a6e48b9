/** Softmax over one row. */
export function softmax(logits: ArrayLike<number>): number[] {
  const largest = Math.max(...Array.from(logits))
  const exponents = Array.from(logits, (logit) => Math.exp(logit - largest))
  const sum = exponents.reduce((total, value) => total + value, 0)
  return exponents.map((value) => value / sum)
}

/** 1 / (1 + e^-x) of each element. */
export function sigmoid(logits: ArrayLike<number>): number[] {
  return Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit)))
}

/** Index of the greatest element. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i
  return best
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** log(sum of e^x), without overflow: -log softmax(x)[c] is logSumExp(x) - x[c], however far apart the logits are. */
export function logSumExp(logits: ArrayLike<number>): number {
  const largest = Math.max(...Array.from(logits))
  return largest + Math.log(Array.from(logits).reduce((sum, logit) => sum + Math.exp(logit - largest), 0))
}
