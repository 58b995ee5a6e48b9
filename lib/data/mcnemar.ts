import { TorchLoraError } from '../errors.ts'

/** Whether two classifiers differ on the same examples. */
export interface McNemar {
  /** Right by the first alone, and by the second alone. */
  firstOnly: number
  secondOnly: number
  /** How likely a difference at least as large is where both are equally good. */
  pValue: number
}

/**
 * McNemar's test, exact: of the examples that one of two got right alone, each is a coin's toss where both are equally
 * good (McNemar, Psychometrika 12, 1947; statsmodels' `mcnemar(exact=True)`).
 * @param first 1 where the first is right @param second the same of the second, on the same examples
 * @throws TorchLoraError INVALID_ARGUMENT for answers of unequal number
 */
export function mcNemar(first: ArrayLike<number>, second: ArrayLike<number>): McNemar {
  if (first.length !== second.length || first.length === 0)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `mcNemar: expected answers of both to the same examples, at least one; received ${first.length} and ${second.length}`,
    )
  let firstOnly = 0
  let secondOnly = 0
  for (let i = 0; i < first.length; i++) {
    if (first[i]! > second[i]!) firstOnly++
    else if (second[i]! > first[i]!) secondOnly++
  }
  const tosses = firstOnly + secondOnly
  // P(X <= least) of a fair coin, each term from the one before by logarithms: 2^-tosses alone may be 0.
  let term = -tosses * Math.LN2
  let tail = 0
  for (let k = 0; k <= Math.min(firstOnly, secondOnly); k++) {
    tail += Math.exp(term)
    term += Math.log((tosses - k) / (k + 1))
  }
  return { firstOnly, secondOnly, pValue: Math.min(1, 2 * tail) }
}
