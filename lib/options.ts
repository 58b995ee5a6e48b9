import { TorchLoraError } from './errors.ts'

/** Says what a value must be, "a whole number of at least 1"; undefined where it is. */
export type Rule = (value: unknown) => string | undefined

/** A rule for each option of `O` and for nothing else: the compiler holds the two together. */
export type Rules<O> = { readonly [Name in keyof Required<O>]: Rule }

/** Anything, because whoever takes the option checks it. */
export const any: Rule = () => undefined

export const boolean: Rule = (value) => (typeof value === 'boolean' ? undefined : 'true or false')

export const string: Rule = (value) => (typeof value === 'string' ? undefined : 'a string')

export const callback: Rule = (value) => (typeof value === 'function' ? undefined : 'a function')

/** An AbortSignal, or what stands for one in a test or in another realm. */
export const signal: Rule = (value) =>
  typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value
    ? undefined
    : 'an AbortSignal'

/** A whole number of at least `least`. */
export function whole(least: number): Rule {
  return (value) =>
    Number.isSafeInteger(value) && (value as number) >= least
      ? undefined
      : `a whole number of at least ${least}`
}

/** A number within bounds, both of which it may be; `above` and `below`, which it may not be. */
export function number({
  least = Number.NEGATIVE_INFINITY,
  above = Number.NEGATIVE_INFINITY,
  most = Number.POSITIVE_INFINITY,
  below = Number.POSITIVE_INFINITY,
}: {
  least?: number | undefined
  above?: number | undefined
  most?: number | undefined
  below?: number | undefined
}): Rule {
  const from = above > Number.NEGATIVE_INFINITY ? `above ${above}` : `of at least ${least}`
  const to = below < Number.POSITIVE_INFINITY ? `${from} and below ${below}` : from
  const what = most < Number.POSITIVE_INFINITY ? `between ${least} and ${most}` : to
  return (value) =>
    typeof value === 'number' &&
    Number.isFinite(value) &&
    value >= least &&
    value <= most &&
    value < below &&
    (value > above || above === Number.NEGATIVE_INFINITY)
      ? undefined
      : `a number ${what}`
}

/** An array of `what`, with at least so many of them. */
export function list(what: string, least = 0): Rule {
  const more = least > 0 ? ` with at least ${least}` : ''
  return (value) => (Array.isArray(value) && value.length >= least ? undefined : `an array of ${what}${more}`)
}

/** An object, of what kind. */
export function object(what: string): Rule {
  return (value) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : what)
}

/** One of some words. */
export function oneOf(...words: readonly (string | boolean | number | null)[]): Rule {
  const shown = words.map(show)
  const what =
    shown.length > 1 ? `${shown.slice(0, -1).join(', ')} or ${shown[shown.length - 1]}` : String(shown[0])
  return (value) => (words.includes(value as string) ? undefined : what)
}

/** What either rule lets pass. */
export function either(...rules: readonly Rule[]): Rule {
  return (value) => {
    const wants = rules.map((rule) => rule(value))
    return wants.includes(undefined) ? undefined : wants.join(' or ')
  }
}

/**
 * Checks an options object: every name is known and every value is one that its rule lets pass. An option that is
 * undefined counts as one that was not given.
 * @param what whose options they are, for the message: "Trainer"
 * @returns the options
 * @throws TorchLoraError INVALID_ARGUMENT naming everything that is wrong, of unknown names the nearest known one
 */
export function readOptions<O extends object>(what: string, options: O, rules: Rules<O>): O {
  requireObject(what, options)
  const problems: string[] = []
  for (const name of Object.keys(options)) {
    const value = options[name as keyof O]
    if (!Object.hasOwn(rules, name)) problems.push(unknown(name, Object.keys(rules)))
    else if (value !== undefined) {
      const must = rules[name as keyof O](value)
      if (must !== undefined) problems.push(`${name} must be ${must}, received ${show(value)}`)
    }
  }
  if (problems.length > 0) throw new TorchLoraError('INVALID_ARGUMENT', `${what}: ${problems.join('; ')}.`)
  return options
}

/** @throws TorchLoraError INVALID_ARGUMENT for options that are no object */
export function requireObject(what: string, options: unknown): void {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `${what}: options must be an object, received ${show(options)}.`,
  )
}

/** Those of `options` that `rules` know: what one options object of a caller holds for another function. */
export function pickOptions<O extends object>(options: O, rules: Rules<O>): O {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(rules, name))) as O
}

/** Those of `options` that are given: what takes fewer options may be handed the rest. */
export function givenOptions<O extends object>(options: O): O {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as O
}

/** "there is no option 'numTrainEpochs'; did you mean 'epochs'?" without the question mark, as sentences go on. */
function unknown(name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  const hint = meant === undefined ? `there are ${known.join(', ')}` : `'${meant}' is the nearest`
  return `there is no option '${name}', ${hint}`
}

/**
 * The known name that another one stands for: the same letters (`lora_alpha`), the initials (`lr`), one within the
 * other (`numTrainEpochs`), or few letters apart; undefined for none.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const given = letters(name)
  const initialsOf = (each: string) => (each[0] + each.slice(1).replaceAll(/[^A-Z]/g, '')).toLowerCase()
  const initials = given.length > 1 ? known.find((each) => initialsOf(each) === given) : undefined
  const same = known.find((each) => letters(each) === given) ?? initials
  if (same !== undefined) return same
  const within = known
    .filter((each) => letters(each).length > 3 && given.length > 3)
    .filter((each) => given.includes(letters(each)) || letters(each).includes(given))
  if (within.length > 0) return within.reduce((a, b) => (b.length > a.length ? b : a))
  const [best] = known
    .map((each) => ({ each, apart: distance(given, letters(each)) }))
    .sort((a, b) => a.apart - b.apart)
  return best && best.apart <= given.length / 3 ? best.each : undefined
}

function letters(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++)
      row.push(Math.min(before[j]! + 1, row[j - 1]! + 1, before[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    before = row
  }
  return before[b.length]!
}

/** The flag of an option: "loraAlpha" is --lora-alpha. */
export function flagOf(option: string): string {
  return `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** A value, cut to a length that a message can hold. */
export function show(value: unknown): string {
  if (typeof value === 'function') return `the function ${value.name || 'without a name'}`
  const text = typeof value === 'string' ? `'${value}'` : serialized(value)
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}

function serialized(value: unknown): string {
  if (typeof value !== 'object') return String(value)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
