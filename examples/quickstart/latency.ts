import type { Predictor } from '../../lib/inference/predictor.ts'
import type { Encoding } from '../../lib/tokenizer/index.ts'

/**
 * Milliseconds that each predictor takes for one text, at the median. The predictors take turns, so that whatever
 * else the machine does meets all of them alike.
 */
export async function medianLatencies<Name extends string>(
  predictors: Readonly<Record<Name, Predictor>>,
  text: Encoding,
  { rounds, signal }: { rounds: number; signal: AbortSignal },
): Promise<Record<Name, number>> {
  const names = Object.keys(predictors) as Name[]
  const times = new Map<Name, number[]>(names.map((name) => [name, []]))
  const warmUp = 5
  for (let round = -warmUp; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round + warmUp) % names.length]!
      const began = performance.now()
      await predictors[name].outputs([text], { signal })
      if (round >= 0) times.get(name)!.push(performance.now() - began)
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name)!)])) as Record<Name, number>
}

/** Of numbers, at least one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}
