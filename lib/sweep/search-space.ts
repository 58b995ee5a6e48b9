import type { Random } from '../data/random.ts'

/** How values of a setting are drawn, and what they may be. */
interface Kind {
  whole?: boolean
  /** Evenly between the ends, and not between their logarithms. */
  even?: boolean
  least: number
  most?: number
  /** The upper bound is no value itself. */
  below?: number
}

/** What can be searched, by the names of a recipe's settings. */
const kinds = {
  lr: { least: 1e-12 },
  headLr: { least: 1e-12 },
  loraplusLrRatio: { least: 1 },
  r: { least: 1, whole: true },
  alpha: { least: 1e-6 },
  dropout: { least: 0, below: 1, even: true },
  batchSize: { least: 1, whole: true },
  accumulate: { least: 1, whole: true },
  weightDecay: { least: 0, even: true },
  warmup: { least: 0, below: 1, even: true },
  labelSmoothing: { least: 0, below: 1, even: true },
  clip: { least: 0, even: true },
} as const satisfies Readonly<Record<string, Kind>>

export type SearchedName = keyof typeof kinds
export const searchedNames = Object.keys(kinds) as SearchedName[]

/** The ends of each searched setting. */
export type SearchRanges = Readonly<Partial<Record<SearchedName, readonly [from: number, to: number]>>>

/** What is searched where nothing is said: from full fine-tuning's smallest rate to more than a head bears. */
export const usualRanges: SearchRanges = { lr: [1e-5, 1e-2] }

/** @returns what is wrong with a range; null where nothing is */
export function rangeProblem(name: SearchedName, [from, to]: readonly [number, number]): string | null {
  const { least, below = Number.POSITIVE_INFINITY, whole }: Kind = kinds[name]
  const shown = `${name} from ${from} to ${to}`
  if (from > to) return `${shown} is upside down: the smaller end comes first`
  if (from === to) return `${shown} is one value: give it under settings`
  if (whole && !(Number.isInteger(from) && Number.isInteger(to))) return `${shown}: expected whole numbers`
  if (from < least) return `${shown}: expected at least ${least}`
  return to >= below ? `${shown}: expected below ${below}` : null
}

/** A value of each setting, drawn from its range: learning rates and counts evenly in their logarithms. */
export function drawSettings(ranges: SearchRanges, random: Random): Partial<Record<SearchedName, number>> {
  const share = () => random.uint32() / 2 ** 32
  return Object.fromEntries(
    searchedNames.flatMap((name) => {
      const range = ranges[name]
      return range ? [[name, draw(kinds[name], range, share())]] : []
    }),
  )
}

function draw(kind: Kind, [from, to]: readonly [number, number], share: number): number {
  // A whole number stands for the half to either side of it.
  const [low, high] = kind.whole ? [from - 0.5, to + 0.5] : [from, to]
  const value = kind.even ? low + share * (high - low) : low * (high / low) ** share
  return kind.whole ? Math.min(to, Math.max(from, Math.round(value))) : Number(value.toPrecision(3))
}
