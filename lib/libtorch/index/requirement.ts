/** What a wheel's METADATA asks for: names, extras, versions and markers (PEP 508, PEP 440), as far as PyTorch's and NVIDIA's wheels go. */
import { normalized } from './links.ts'

export interface Requirement {
  name: string
  extras: string[]
  accepts(version: string): boolean
  /** As it was written, for messages. */
  text: string
}

/** Reads the `Requires-Dist` lines that hold on this machine, with the extras that were asked for. */
export function requirementsOf(metadata: string, extras: readonly string[] = []): Requirement[] {
  const head = metadata.split(/\r?\n\r?\n/, 1)[0]!
  return [...head.matchAll(/^Requires-Dist: (.*)$/gm)].flatMap((match) => {
    const [text, marker] = match[1]!.split(';', 2) as [string, string | undefined]
    if (marker && !holds(marker, extras)) return []
    const parsed = parseRequirement(text)
    return parsed ? [parsed] : []
  })
}

export function parseRequirement(text: string): Requirement | undefined {
  const match = /^\s*([A-Za-z0-9][\w.-]*)\s*(?:\[([^\]]*)\])?\s*\(?([^)]*)\)?\s*$/.exec(text)
  if (!match) return undefined
  const extras = match[2]?.split(',').map((name) => name.trim()) ?? []
  const tests = match[3]!.split(',').filter((part) => part.trim())
  return {
    name: normalized(match[1]!),
    extras,
    accepts: (version) => tests.every((test) => meets(version, test.trim())),
    text: text.trim(),
  }
}

/** The parts of a version: `2.13.0`, `.post1`, `+cpu`; pre-releases are not stable. */
function parts(version: string): { release: number[]; rest: string; local: string; stable: boolean } {
  const [main, local = ''] = version.split('+', 2) as [string, string?]
  const match = /^v?(?:\d+!)?(\d+(?:\.\d+)*)(.*)$/.exec(main.trim())
  return {
    release: match ? match[1]!.split('.').map(Number) : [],
    rest: match?.[2] ?? '',
    local,
    stable: match !== null && !/^[.-]?(a|b|c|rc|alpha|beta|pre|dev)/i.test(match[2]!),
  }
}

/** Orders by release numbers; what follows them (post, local) by text. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a).release, parts(b).release]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference
  }
  return a.localeCompare(b, 'en', { numeric: true })
}

/** The version without its local part; `2.13` and `2.13.0` are one. */
function released(version: string): string {
  const { release, rest } = parts(version)
  return release.join('.').replace(/(\.0)+$/, '') + rest
}

/** Whether it is a finished release, as pip takes unless told otherwise. */
export function isStable(version: string): boolean {
  return parts(version).stable
}

function meets(version: string, test: string): boolean {
  const match = /^(===|==|~=|!=|<=|>=|<|>)\s*(.+)$/.exec(test)
  if (!match) return false
  const [, operator, wanted] = match as unknown as [string, string, string]
  const own = wanted.includes('+') ? version : version.split('+')[0]!
  const prefix = wanted.endsWith('.*') ? wanted.slice(0, -2).split('.').map(Number) : undefined
  const has = (numbers: number[]) => numbers.every((number, at) => (parts(own).release[at] ?? 0) === number)
  const order = compareReleases(own, wanted)
  switch (operator) {
    case '===':
      return version === wanted
    case '==':
      return prefix
        ? has(prefix)
        : released(own) === released(wanted) && parts(own).local === parts(wanted).local
    case '!=':
      return prefix ? !has(prefix) : released(own) !== released(wanted)
    case '~=':
      return order >= 0 && has(parts(wanted).release.slice(0, -1))
    case '<=':
      return order <= 0
    case '>=':
      return order >= 0
    case '<':
      return order < 0
    default:
      return order > 0
  }
}

function compareReleases(a: string, b: string): number {
  const [left, right] = [parts(a).release, parts(b).release]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** A marker such as `platform_system == "Linux" and extra == "cublas"`; parentheses are taken for what they group. */
export function holds(marker: string, extras: readonly string[]): boolean {
  const values: Record<string, string> = {
    platform_system: 'Linux',
    sys_platform: 'linux',
    os_name: 'posix',
    platform_machine: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
    implementation_name: 'cpython',
    platform_python_implementation: 'CPython',
    python_version: '3.12',
    python_full_version: '3.12.0',
  }
  if (marker.length > 1000) return false // nobody writes such; the parser below is recursive
  const tokens = marker.match(/\(|\)|"[^"]*"|'[^']*'|[\w.]+|[<>=!~]+/g) ?? []
  let at = 0
  const value = (token: string) => (/^["']/.test(token) ? token.slice(1, -1) : (values[token] ?? ''))
  const comparison = (): boolean => {
    if (tokens[at] === '(') {
      at++
      const inner = either()
      at++
      return inner
    }
    const [left, operator, right] = [tokens[at]!, tokens[at + 1]!, tokens[at + 2]!]
    at += 3
    if (left === 'extra' || right === 'extra') {
      const named = normalized(value(left === 'extra' ? right : left))
      const asked = extras.some((extra) => normalized(extra) === named)
      return operator === '!=' ? !asked : asked
    }
    if (/python/.test(left)) return meets(value(left), `${operator} ${value(right)}`)
    if (operator === 'in') return value(right).includes(value(left))
    return operator === '!=' ? value(left) !== value(right) : value(left) === value(right)
  }
  const both = (): boolean => {
    let result = comparison()
    while (tokens[at] === 'and') {
      at++
      const next = comparison()
      result &&= next
    }
    return result
  }
  const either = (): boolean => {
    let result = both()
    while (tokens[at] === 'or') {
      at++
      const next = both()
      result ||= next
    }
    return result
  }
  return either()
}
