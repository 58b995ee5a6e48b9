/** A step of successive halving: so many runs go on to so many epochs. */
export interface Rung {
  runs: number
  epochs: number
}

/**
 * Hyperband's brackets (Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar, "Hyperband: A Novel Bandit-Based Approach to
 * Hyperparameter Optimization", JMLR 18, 2018, algorithm 1), the one with most runs first: each begins with runs that
 * are as long as few epochs, of which the best 1/eta go on to eta times as many, until they have all of them.
 * @param options.epochs of the longest run; `eta` of at least 2
 * @param options.most brackets, from the first on. Default: all, the last of which only runs to the end
 */
export function brackets({
  epochs,
  eta,
  most = Number.POSITIVE_INFINITY,
}: {
  epochs: number
  eta: number
  most?: number | undefined
}): Rung[][] {
  // Not by logarithms, whose rounding loses a bracket where epochs are a power of eta.
  let last = 0
  while (eta ** (last + 1) <= epochs) last++
  const all = Array.from({ length: last + 1 }, (_, at) => {
    const s = last - at
    const runs = Math.ceil(((last + 1) / (s + 1)) * eta ** s)
    return Array.from({ length: s + 1 }, (_, i) => ({
      runs: Math.floor(runs / eta ** i),
      epochs: Math.floor(epochs / eta ** (s - i)),
    }))
  })
  return all.slice(0, most)
}

/**
 * The runs that go on, best first; of equal ones the earlier. One without a value has failed and never goes on.
 * @param value a run's best so far, greater is better
 */
export function goOn<Run>(runs: readonly Run[], value: (run: Run) => number | null, count: number): Run[] {
  return runs
    .map((run, at) => ({ run, at, value: value(run) }))
    .filter(
      (each): each is typeof each & { value: number } => each.value !== null && !Number.isNaN(each.value),
    )
    .sort((a, b) => b.value - a.value || a.at - b.at)
    .slice(0, count)
    .map(({ run }) => run)
}
