import type { Example } from './examples.ts'
import { labelKey } from './label-keys.ts'
import { Random } from './random.ts'

/**
 * Splits examples in two, of every class its share: at least one of each class that has two. The same seed gives the
 * same parts, each in the order of the file. Scores and rows with several labels are drawn without regard to them.
 * @param share of the second part, above 0 and below 1
 */
export function splitExamples(
  examples: readonly Example[],
  { share, seed = 0 }: { share: number; seed?: number | undefined },
): { train: Example[]; evaluate: Example[] } {
  const classes = new Map<string, number[]>()
  for (const [i, { label }] of examples.entries()) {
    const key = label === undefined || Array.isArray(label) || !whole(label) ? '' : labelKey(label)
    const rows = classes.get(key)
    if (rows) rows.push(i)
    else classes.set(key, [i])
  }
  const taken = new Set<number>()
  const random = new Random(seed)
  for (const [, rows] of [...classes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const count =
      rows.length < 2 ? 0 : Math.min(rows.length - 1, Math.max(1, Math.round(share * rows.length)))
    for (const at of random.permutation(rows.length).subarray(0, count)) taken.add(rows[at]!)
  }
  return {
    train: examples.filter((_, i) => !taken.has(i)),
    evaluate: examples.filter((_, i) => taken.has(i)),
  }
}

/** Whether a label is a class: anything but a number that is not whole. */
function whole(label: string | number | boolean): boolean {
  const number = Number(label)
  return typeof label === 'boolean' || Number.isNaN(number) || Number.isInteger(number)
}
