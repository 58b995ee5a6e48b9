/** What came first, second, ... of a search: the gain of each, 0 for what was not sought. */
export interface Ranked {
  gains: readonly number[]
  /** The gains of everything that was sought, found or not. */
  relevant: readonly number[]
}

/** The share of what was sought that is among the first k, averaged over searches. */
export function recallAt(searches: readonly Ranked[], k: number): number {
  return average(
    searches,
    ({ gains, relevant }) => positives(gains.slice(0, k)) / Math.max(1, positives(relevant)),
  )
}

/** One over the place of the first that was sought, 0 where it is not among the first k, averaged. */
export function mrrAt(searches: readonly Ranked[], k: number): number {
  return average(searches, ({ gains }) => {
    const at = gains.slice(0, k).findIndex((gain) => gain > 0)
    return at < 0 ? 0 : 1 / (at + 1)
  })
}

/**
 * Normalised discounted cumulative gain of the first k: sum of gain / log2(place + 1), over that of the best order
 * (Järvelin and Kekäläinen, 2002; scikit-learn's `ndcg_score`), averaged over searches in which there was something.
 */
export function ndcgAt(searches: readonly Ranked[], k: number): number {
  return average(searches, ({ gains, relevant }) => {
    const best = discounted([...relevant].sort((a, b) => b - a).slice(0, k))
    return best === 0 ? 0 : discounted(gains.slice(0, k)) / best
  })
}

function discounted(gains: readonly number[]): number {
  return gains.reduce((sum, gain, i) => sum + gain / Math.log2(i + 2), 0)
}

function positives(gains: readonly number[]): number {
  return gains.filter((gain) => gain > 0).length
}

function average(searches: readonly Ranked[], of: (one: Ranked) => number): number {
  return searches.reduce((sum, one) => sum + of(one), 0) / searches.length
}

/** Those that are listed; {@link retrievalMetrics} takes them of any k. */
export const retrievalMetricNames = ['ndcg@10', 'mrr@10', 'recall@1', 'recall@5', 'recall@10'] as const

const measures = { recall: recallAt, mrr: mrrAt, ndcg: ndcgAt }

const pattern = /^(recall|mrr|ndcg)@([1-9]\d{0,5})$/

/** Whether it is the name of a metric of searches: "recall@k", "mrr@k" or "ndcg@k". */
export const isRetrievalMetric = (name: string): boolean => pattern.test(name)

/** @param names as {@link isRetrievalMetric} knows them */
export function retrievalMetrics(
  searches: readonly Ranked[],
  names: readonly string[],
): Record<string, number> {
  return Object.fromEntries(
    names.flatMap((name): [string, number][] => {
      const [, measure, k] = pattern.exec(name) ?? []
      return measure === undefined
        ? []
        : [[name, measures[measure as keyof typeof measures](searches, Number(k))]]
    }),
  )
}
