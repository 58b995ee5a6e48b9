import { ranks } from './metrics.ts'

/**
 * Area under the ROC curve of one class: how often a positive has the higher score than a negative, equal scores
 * counting half (scikit-learn's `roc_auc_score`). NaN where all labels are one or a score is NaN.
 * @param scores of each example @param labels 1 for a positive, 0 for a negative
 */
export function rocAuc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  let positives = 0
  let rankSum = 0 // of positives
  for (const [i, rank] of ranks(scores).entries()) {
    positives += labels[i]!
    rankSum += labels[i]! * rank
  }
  const negatives = scores.length - positives
  if (positives === 0 || negatives === 0) return Number.NaN
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
}

/**
 * Average precision of one class, the sum over thresholds of (R_k - R_{k-1}) P_k (scikit-learn's
 * `average_precision_score`). NaN where there is no positive or a score is NaN.
 */
export function averagePrecision(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const falling = Uint32Array.from({ length: scores.length }, (_, i) => i).sort(
    (a, b) => scores[b]! - scores[a]!,
  )
  let positives = 0
  for (let i = 0; i < labels.length; i++) positives += labels[i]!
  if (positives === 0 || Array.from(scores).some(Number.isNaN)) return Number.NaN
  let found = 0
  let sum = 0
  for (let start = 0; start < falling.length; ) {
    let end = start
    let gained = 0
    while (end < falling.length && scores[falling[end]!] === scores[falling[start]!])
      gained += labels[falling[end++]!]!
    found += gained
    sum += (gained / positives) * (found / end)
    start = end
  }
  return sum
}
