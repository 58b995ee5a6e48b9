import { TorchLoraError } from '../errors.ts'
import { ASSERTIONS, CLASSES, ignoreCase, type Test, type Tree } from './expression-tree.ts'

/** Characters of an expression, and how deep its groups nest: far beyond any that names modules. */
const MAX_LENGTH = 4096
const MAX_DEPTH = 50
const MAX_COUNT = 1000

/** Escapes of single characters. */
const CHARACTERS: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12, v: 11, a: 7, 0: 0 }

/**
 * Parses the syntax of Python's `re`, without what no set of states can follow.
 * @throws TorchLoraError INVALID_ARGUMENT naming the place
 */
export function parseExpression(pattern: string): Tree {
  if (pattern.length > MAX_LENGTH)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `a regular expression of ${pattern.length} characters, at most ${MAX_LENGTH} are taken`,
    )
  const parser = new Parser(pattern)
  return parser.parse()
}

class Parser {
  readonly #pattern: string
  #at = 0
  #depth = 0
  #ignoreCase = false

  constructor(pattern: string) {
    this.#pattern = pattern
  }

  parse(): Tree {
    const flags = /^\(\?([aimsu]+)\)/.exec(this.#pattern)
    if (flags) {
      this.#ignoreCase = flags[1]!.includes('i')
      this.#at = flags[0].length
    }
    const tree = this.#choice()
    if (this.#at < this.#pattern.length) throw this.#error('a ) that closes nothing')
    return tree
  }

  #choice(): Tree {
    if (++this.#depth > MAX_DEPTH) throw this.#error(`groups nested deeper than ${MAX_DEPTH}`)
    const items = [this.#sequence()]
    while (this.#take('|')) items.push(this.#sequence())
    this.#depth--
    return items.length === 1 ? items[0]! : { kind: 'choice', items }
  }

  #sequence(): Tree {
    const items: Tree[] = []
    while (this.#at < this.#pattern.length && !'|)'.includes(this.#pattern[this.#at]!))
      items.push(this.#repeated(this.#atom()))
    return { kind: 'sequence', items }
  }

  #repeated(body: Tree): Tree {
    const counts = this.#quantifier()
    if (counts === null) return body
    if (this.#take('+')) throw this.#error('a possessive quantifier, which is not supported')
    this.#take('?') // lazy or not, the same texts match as a whole
    if (this.#quantifier() !== null) throw this.#error('a quantifier of a quantifier')
    return { kind: 'repeat', body, ...counts }
  }

  #quantifier(): { least: number; most: number } | null {
    const most = Number.POSITIVE_INFINITY
    if (this.#take('*')) return { least: 0, most }
    if (this.#take('+')) return { least: 1, most }
    if (this.#take('?')) return { least: 0, most: 1 }
    const found = this.#match(/\{(?:(\d+)(,?)(\d*)|,(\d+))\}/y) // anything else that begins with { is itself
    if (found === null) return null
    const [, from, comma, to, upTo] = found
    const least = Number(from ?? 0)
    const limit = upTo ?? (comma ? to || undefined : from)
    const counts = { least, most: limit === undefined ? most : Number(limit) }
    if (!(counts.least <= counts.most && counts.least <= MAX_COUNT))
      throw this.#error(`a count that is no range, or beyond ${MAX_COUNT}`)
    if (counts.most !== most && counts.most > MAX_COUNT) throw this.#error(`a count beyond ${MAX_COUNT}`)
    return counts
  }

  #atom(): Tree {
    const char = this.#pattern[this.#at++]!
    if (char === '(') return this.#group()
    if (char === '[') return this.#character(this.#set())
    if (char === '.') return this.#character((code) => code !== 10)
    if (char === '^' || char === '$') return { kind: 'assertion', test: ASSERTIONS[char]! }
    if (char === '*' || char === '+' || char === '?') throw this.#error('a quantifier of nothing')
    if (char !== '\\') return this.#literal(char.charCodeAt(0))
    const next = this.#pattern[this.#at] ?? ''
    if (Object.hasOwn(ASSERTIONS, next) && next !== '^' && next !== '$') {
      this.#at++
      return { kind: 'assertion', test: ASSERTIONS[next]! }
    }
    const escaped = this.#escape()
    return typeof escaped === 'number' ? this.#literal(escaped) : this.#character(escaped)
  }

  #group(): Tree {
    const scoped = this.#ignoreCase
    const opening = this.#match(/\?(?:(#[^)]*)|(<?[=!])|P?<[A-Za-z_]\w*>|([aimsu]*):)/y)
    if (opening === null && this.#pattern[this.#at] === '?')
      throw this.#error('a group of a kind that is not supported')
    const [, comment, look, flags] = opening ?? []
    if (flags?.includes('i')) this.#ignoreCase = true
    const body = comment === undefined ? this.#choice() : { kind: 'sequence' as const, items: [] }
    this.#ignoreCase = scoped
    if (!this.#take(')')) throw this.#error('a ( that is not closed')
    if (look === undefined) return body
    return { kind: 'look', ahead: look.length === 1, negative: look.endsWith('!'), body }
  }

  /** After [: the class up to its ]. */
  #set(): Test {
    const negative = this.#take('^')
    const tests: Test[] = []
    for (let first = true; first || this.#pattern[this.#at] !== ']'; first = false) {
      const from = this.#setItem()
      if (this.#pattern[this.#at] === '-' && this.#pattern[this.#at + 1] !== ']') {
        this.#at++
        const to = this.#setItem()
        if (typeof from === 'function' || typeof to === 'function' || to < from)
          throw this.#error('a range that is none')
        tests.push((code) => code >= from && code <= to)
      } else {
        tests.push(typeof from === 'function' ? from : (code) => code === from)
      }
    }
    this.#at++
    const within = this.#ignoreCase
      ? ignoreCase((code) => tests.some((test) => test(code)))
      : (code: number) => tests.some((test) => test(code))
    return negative ? (code) => !within(code) : within
  }

  #setItem(): number | Test {
    const char = this.#pattern[this.#at++]
    if (char === undefined) throw this.#error('a [ that is not closed')
    if (char !== '\\') return char.charCodeAt(0)
    if (this.#take('b')) return 8
    return this.#escape()
  }

  /** After a backslash: a character, or a class of them. */
  #escape(): number | Test {
    const hex = this.#match(/x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})/y)
    if (hex) return Number.parseInt((hex[1] ?? hex[2])!, 16)
    const char = this.#pattern[this.#at++]
    if (char === undefined) throw this.#error('a \\ before nothing')
    if (Object.hasOwn(CLASSES, char)) return CLASSES[char]!
    if (Object.hasOwn(CHARACTERS, char)) return CHARACTERS[char]!
    if (/[A-Za-z1-9]/.test(char)) throw this.#error(`\\${char}, which is not supported`)
    return char.charCodeAt(0)
  }

  #literal(wanted: number): Tree {
    return this.#character((code) => code === wanted)
  }

  #character(test: Test): Tree {
    return { kind: 'character', test: this.#ignoreCase ? ignoreCase(test) : test }
  }

  #take(char: string): boolean {
    if (this.#pattern[this.#at] !== char) return false
    this.#at++
    return true
  }

  /** A sticky expression of ours at the place that is next. */
  #match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at
    const found = expression.exec(this.#pattern)
    if (found) this.#at = expression.lastIndex
    return found
  }

  #error(problem: string): TorchLoraError {
    const shown = this.#pattern.length > 120 ? `${this.#pattern.slice(0, 120)}…` : this.#pattern
    return new TorchLoraError(
      'INVALID_ARGUMENT',
      `'${shown}' is not a regular expression that can be used here: ${problem}, at character ${this.#at}`,
    )
  }
}
