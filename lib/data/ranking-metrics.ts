/**
 * Area under the ROC curve of one class: how often a positive has the higher score than a negative, equal scores
 * counting half (scikit-learn's `roc_auc_score`). NaN where all labels are one.
 * @param scores of each example @param labels 1 for a positive, 0 for a negative
 */
export function rocAuc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = ascending(scores)
  const n = order.length
  let positives = 0
  let rankSum = 0 // of positives, from 1, ties sharing their mean rank
  for (let start = 0; start < n; ) {
    let end = start
    let tied = 0
    while (end < n && scores[order[end]!] === scores[order[start]!]) tied += labels[order[end++]!]!
    rankSum += (tied * (start + 1 + end)) / 2
    positives += tied
    start = end
  }
  const negatives = n - positives
  if (positives === 0 || negatives === 0) return Number.NaN
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
}

/**
 * Average precision of one class, the sum over thresholds of (R_k - R_{k-1}) P_k (scikit-learn's
 * `average_precision_score`). NaN where there is no positive.
 */
export function averagePrecision(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = ascending(scores).reverse()
  let positives = 0
  for (let i = 0; i < labels.length; i++) positives += labels[i]!
  if (positives === 0) return Number.NaN
  let found = 0
  let sum = 0
  for (let start = 0; start < order.length; ) {
    let end = start
    let gained = 0
    while (end < order.length && scores[order[end]!] === scores[order[start]!])
      gained += labels[order[end++]!]!
    found += gained
    sum += (gained / positives) * (found / end)
    start = end
  }
  return sum
}

/** Indices by score, the lowest first. */
function ascending(scores: ArrayLike<number>): Uint32Array {
  return Uint32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!)
}
