import { show } from '../options.ts'

/** What is wrong with the values of a configuration, a sentence each; none where nothing is. */

/** Names a list may hold: more than a model has modules. */
const mostNames = 10_000

export function rankProblem(name: string, value: unknown): string[] {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) < 2 ** 31) return []
  return [`${name} must be a whole number of at least 1, received ${show(value)}`]
}

/** Twice the rank; of what is no rank, which is refused by its own name, a number that is not refused too. */
export function alphaOf(rank: number): number {
  return rankProblem('r', rank).length === 0 ? 2 * rank : 1
}

export function alphaProblem(name: string, value: unknown): string[] {
  if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return []
  return [`${name} must be a number above 0, received ${show(value)}`]
}

export function namesProblem(name: string, value: unknown, { expression = false } = {}): string[] {
  if (value === null || (expression && typeof value === 'string')) return []
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    return [
      `${name} must be ${expression ? 'a regular expression or ' : ''}a list of names, received ${show(value)}`,
    ]
  return value.length > mostNames
    ? [`${name} must be at most ${mostNames} names, received ${value.length}`]
    : []
}

export function patternProblems(
  name: string,
  value: unknown,
  problem: (name: string, value: unknown) => string[],
): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [`${name} must be values by patterns, received ${show(value)}`]
  const entries = Object.entries(value)
  if (entries.length > mostNames)
    return [`${name} must be at most ${mostNames} patterns, received ${entries.length}`]
  return entries.flatMap(([pattern, each]) => problem(`${name}[${show(pattern)}]`, each))
}

/** A list of numbers of layers or tokens, or one. */
export function numbersProblem(name: string, value: unknown, what: string): string[] {
  const numbers = [value ?? []].flat()
  if (numbers.length <= mostNames && numbers.every((each) => Number.isSafeInteger(each))) return []
  return [`${name} must be numbers of ${what}, received ${show(value)}`]
}

export function switchProblem(name: string, value: unknown): string[] {
  return typeof value === 'boolean' ? [] : [`${name} must be true or false, received ${show(value)}`]
}

/** At least `least`, and below `below` where it is said. */
export function numberProblem(
  name: string,
  value: unknown,
  {
    least = 0,
    below,
    whole = false,
  }: { least?: number | undefined; below?: number | undefined; whole?: boolean | undefined } = {},
): string[] {
  const fits =
    typeof value === 'number' &&
    value >= least &&
    value < (below ?? 2 ** 53) &&
    (whole ? Number.isSafeInteger(value) : true)
  if (fits) return []
  const range = `at least ${least}${below === undefined ? '' : ` and below ${below}`}`
  return [`${name} must be ${whole ? 'a whole number of ' : ''}${range}, received ${show(value)}`]
}

export function choiceProblem(name: string, value: unknown, choices: readonly unknown[]): string[] {
  if (choices.includes(value)) return []
  const shown = choices.map((choice) => (typeof choice === 'string' ? `'${choice}'` : String(choice)))
  return [`${name} must be ${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}, received ${show(value)}`]
}
