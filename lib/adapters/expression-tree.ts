/** Whether a character, by its UTF-16 code, is one of a class. */
export type Test = (code: number) => boolean

/** Whether something holds between two characters of a text. */
export type Assertion = (text: string, at: number) => boolean

/** A regular expression, parsed. */
export type Tree =
  | { kind: 'character'; test: Test }
  | { kind: 'assertion'; test: Assertion }
  | { kind: 'look'; ahead: boolean; negative: boolean; body: Tree }
  | { kind: 'sequence'; items: Tree[] }
  | { kind: 'choice'; items: Tree[] }
  | { kind: 'repeat'; body: Tree; least: number; most: number }

const isDigit: Test = (code) => code >= 0x30 && code <= 0x39
const isWord: Test = (code) =>
  isDigit(code) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === 0x5f
const isSpace: Test = (code) => code === 0x20 || (code >= 0x09 && code <= 0x0d)

/** `\d` and its like. */
export const CLASSES: Readonly<Record<string, Test>> = {
  d: isDigit,
  D: (code) => !isDigit(code),
  w: isWord,
  W: (code) => !isWord(code),
  s: isSpace,
  S: (code) => !isSpace(code),
}

const atBoundary: Assertion = (text, at) => isWordAt(text, at - 1) !== isWordAt(text, at)

function isWordAt(text: string, at: number): boolean {
  return at >= 0 && at < text.length && isWord(text.charCodeAt(at))
}

/** `\b` and its like; `^` and `$` are those of one line. */
export const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  '^': (_, at) => at === 0,
  A: (_, at) => at === 0,
  $: (text, at) => at === text.length,
  Z: (text, at) => at === text.length,
  b: atBoundary,
  B: (text, at) => !atBoundary(text, at),
}

/** Letters of either case. */
export function ignoreCase(test: Test): Test {
  return (code) => {
    if (test(code)) return true
    if (code >= 0x41 && code <= 0x5a) return test(code + 0x20)
    return code >= 0x61 && code <= 0x7a && test(code - 0x20)
  }
}
