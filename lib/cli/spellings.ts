import { flagOf } from '../options.ts'
import { shortNames } from '../sweep/short-names.ts'

const flags = new Map(
  Object.entries(shortNames).map(([name, short]) => [flagOf(name), { name, short: flagOf(short) }]),
)

/**
 * Arguments with the short flag in the place of every option's full name: `--learning-rate 1e-4` is `--lr 1e-4`. A flag
 * that ends in -ms takes a number of milliseconds, which the short one takes with its unit.
 */
export function withShortFlags(args: readonly string[]): string[] {
  const rest = args.indexOf('--')
  const own = rest < 0 ? args : args.slice(0, rest)
  const short: string[] = []
  for (let i = 0; i < own.length; i++) {
    const [, flag, value] = /^(--[a-z][a-z-]*)(?:=(.*))?$/s.exec(own[i]!) ?? []
    const found = flag === undefined ? undefined : flags.get(flag)
    if (!found) {
      short.push(own[i]!)
      continue
    }
    short.push(found.short)
    const given = value ?? (found.name.endsWith('Ms') ? own[++i] : undefined)
    if (given !== undefined) short.push(found.name.endsWith('Ms') ? `${given}ms` : given)
  }
  return [...short, ...args.slice(own.length)]
}

/** What a command's help says of the names. */
export function spellingsOf(options: readonly { long?: string | undefined | null }[]): string {
  const own = [...flags].filter(([, { short }]) => options.some(({ long }) => long === short))
  if (own.length === 0) return ''
  return `\nThe library's names of options are flags too: ${own.map(([long, { short }]) => `${long} is ${short}`).join(', ')}.`
}
