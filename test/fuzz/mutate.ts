/** Whole numbers from 0 to below what is asked. */
export type Below = (below: number) => number

/** What a case changes: a file's bytes. */
export type Mutate = (original: Buffer, below: Below) => Buffer

/** Bytes of a changed file at most: what a case may take is stated for files of this size. */
export const MAX_CASE_BYTES = 2 ** 20

/** A mutation whose result is no larger than {@link MAX_CASE_BYTES}. */
export function bounded(mutate: Mutate): Mutate {
  return (original, below) => mutate(original, below).subarray(0, MAX_CASE_BYTES)
}

export function pick<T>(items: readonly T[], below: Below): T {
  return items[below(items.length)]!
}

const BYTES = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x2e, 0x28, 0x52, 0x63, 0x30, 0x39, 0x5d, 0x7b, 0x22, 0x0a, 0x09]

/** Flips, sets, cuts, repeats and moves; mostly near the front and the end, where headers are. */
export const mutateBytes: Mutate = bounded((original, below) => {
  const copy = Buffer.from(original)
  if (copy.length === 0) return Buffer.from([pick(BYTES, below)])
  for (let count = 1 + below(6); count > 0; count--) {
    const place = below(4)
    const at =
      place === 0
        ? copy.length - 1 - below(Math.min(copy.length, 1500))
        : below(place === 1 ? Math.min(copy.length, 300) : copy.length)
    if (below(8) === 0 && at + 8 <= copy.length) {
      const sizes = [-1n, 0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 62n, BigInt(copy.length)]
      copy.writeBigInt64LE(pick(sizes, below), at)
    } else copy[at] = below(2) === 0 ? copy[at]! ^ (1 << below(8)) : pick(BYTES, below)
  }
  const from = below(copy.length)
  const piece = copy.subarray(from, from + 1 + below(64))
  switch (below(10)) {
    case 0:
      return copy.subarray(0, from)
    case 1:
      return Buffer.concat([copy.subarray(0, from), piece, copy.subarray(from)])
    case 2:
      return Buffer.concat([
        copy.subarray(0, from),
        ...Array<Buffer>(1 + below(2000)).fill(piece),
        copy.subarray(from),
      ])
    case 3:
      return Buffer.concat([copy.subarray(0, from), copy.subarray(from + piece.length)])
    default:
      return copy
  }
})

const nest = (depth: number) => {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = i % 2 ? { a: value } : [value]
  return value
}

/** Values that files of other makers, or of an attacker, have where another was expected. */
const VALUES: readonly ((below: Below) => unknown)[] = [
  () => null,
  () => true,
  () => false,
  () => 0,
  () => -1,
  () => 1,
  () => 1.5,
  (below) => below(100),
  (below) => 10 ** below(309),
  (below) => 2 ** below(64),
  () => 2 ** 53 - 1,
  () => '',
  () => ' ',
  () => 'x',
  () => '-1',
  () => '1e9',
  () => '.',
  () => '..',
  () => '../../etc/passwd',
  () => 'a\0b',
  () => '\ud800',
  () => '__proto__',
  () => 'constructor',
  () => '(a+)+$',
  () => '(.*)*(.*)*(.*)*x',
  () => '((a{999}){999}){999}',
  () => '(?!.*x).*(q|v)',
  () => '(',
  (below) => 'y'.repeat(below(20_000)),
  () => [],
  () => ({}),
  () => [null],
  () => [1, 2, 3],
  () => ['a', 'b'],
  (below) => Array.from({ length: below(3000) }, (_, i) => i),
  (below) => Array.from({ length: below(3000) }, (_, i) => `n${i}`),
  (below) => Object.fromEntries(Array.from({ length: below(1000) }, (_, i) => [`k${i}`, i])),
  () => ({ a: 1 }),
  (below) => nest(below(300)),
]

type Container = Record<string, unknown> | unknown[]

/** The containers of a value, itself included. */
function containers(value: unknown): Container[] {
  if (typeof value !== 'object' || value === null) return []
  return [value as Container, ...Object.values(value).flatMap(containers)]
}

/** A JSON file with other values, keys and depths; now and then with bytes changed too. */
export const mutateJson: Mutate = bounded((original, below) => {
  const root = { value: JSON.parse(original.toString('utf8')) as unknown }
  for (let count = 1 + below(3); count > 0; count--) {
    const owner = pick(containers(root), below) as Record<string, unknown>
    const keys = Object.keys(owner)
    const key = keys.length > 0 ? pick(keys, below) : 'k'
    const before = owner[key]
    const action = below(8)
    if (action === 0) delete owner[key]
    else if (action === 1 && !Array.isArray(owner)) {
      delete owner[key]
      Object.defineProperty(owner, String(pick(VALUES, below)(below)), {
        value: before,
        enumerable: true,
        configurable: true,
        writable: true,
      })
    } else if (action === 2 && typeof before === 'number')
      owner[key] = before * pick([-1, 2, 10, 0.5, 1e6, 1e-6], below)
    else if (action === 3)
      owner[key] =
        pick(containers(root), below) === before
          ? 1
          : structuredClone(pick(containers(root.value), below) ?? 1)
    else owner[key] = pick(VALUES, below)(below)
  }
  let json = JSON.stringify(root.value) ?? 'null'
  if (below(40) === 0) {
    // Deeper than what walks over values can follow.
    const depth = 1 + below(50_000)
    const deep = below(2)
      ? `${'['.repeat(depth)}1${']'.repeat(depth)}`
      : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    json = below(2) ? deep : json.replace(/:[^:]{1,9}([,}])/, `:${deep}$1`)
  }
  const text = Buffer.from(json)
  return below(10) === 0 ? mutateBytes(text, below) : text
})

const TEXTS = [
  '\0',
  '"',
  '""',
  "'",
  ',',
  '\t',
  '\r',
  '\r\n',
  '\n',
  '\ufeff',
  '\u2028',
  '{',
  '}',
  '[',
  '\\',
  '🦙',
  '-1',
  '1e999',
  'nan',
  '  ',
]

/** A file of lines: some gone, doubled, joined, very long, or with characters that mean something to a parser. */
export const mutateLines: Mutate = bounded((original, below) => {
  let lines = original.toString('latin1').split('\n')
  for (let count = 1 + below(4); count > 0; count--) {
    const at = below(lines.length)
    const line = lines[at] ?? ''
    const place = below(line.length + 1)
    const action = below(9)
    if (action === 0) lines.splice(at, 1)
    else if (action === 1) lines.splice(at, 0, line)
    else if (action === 2) lines.splice(at, 2, line + (lines[at + 1] ?? ''))
    else if (action === 3) lines[at] = line.slice(0, place) + line.slice(place).repeat(1 + below(200))
    else if (action === 4) lines[at] = 'z'.repeat(below(100_000))
    else if (action === 5) lines = lines.slice(0, at + 1)
    else
      lines[at] =
        line.slice(0, place) + Buffer.from(pick(TEXTS, below)).toString('latin1') + line.slice(place)
    if (lines.length === 0) lines = ['']
  }
  const bytes = Buffer.from(lines.join('\n'), 'latin1')
  return below(6) === 0 ? mutateBytes(bytes, below) : bytes
})

const OPCODES = Buffer.from(
  '28 30 31 32 67 68 6a 70 71 72 94 4e 88 89 4a 4b 4d 8a 8b 49 4c 46 47 53 54 55 58 8c 8d 42 43 8e 96 5d 6c 61 65 29 74 85 86 87 7d 64 73 75 8f 90 91 63 93 52 62 51 69 6f 81 92 82 80 95 2e'.replaceAll(
    ' ',
    '',
  ),
  'hex',
)

/** A pickle with opcodes put in, exchanged and repeated. */
export const mutatePickle: Mutate = bounded((original, below) => {
  const copy = Buffer.from(original)
  const some = () =>
    Buffer.from(
      Array.from({ length: 1 + below(8) }, () => (below(3) ? pick([...OPCODES], below) : below(256))),
    )
  for (let count = below(4); count > 0; count--) copy[below(copy.length)] = pick([...OPCODES], below)
  const from = below(Math.min(copy.length, 4000))
  const piece = some()
  const inserted = below(3) === 0 ? Buffer.concat(Array<Buffer>(1 + below(20_000)).fill(piece)) : piece
  return Buffer.concat([copy.subarray(0, from), inserted, copy.subarray(from)])
})
