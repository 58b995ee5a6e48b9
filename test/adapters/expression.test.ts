import { describe, expect, it } from 'vitest'
import { Budget, Expression } from '../../lib/adapters/expression.ts'
import { TorchLoraError } from '../../lib/errors.ts'
import { mulberry } from '../random.ts'

const matches = (pattern: string, text: string) => new Expression(pattern).matches(text, new Budget())

const refusal = (body: () => unknown): string => {
  try {
    body()
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(TorchLoraError)
    expect((thrown as TorchLoraError).code).toBe('INVALID_ARGUMENT')
    return (thrown as TorchLoraError).message
  }
  throw new Error('expected a refusal')
}

describe('a regular expression over module names', () => {
  // What Python's re.fullmatch answers.
  it.each([
    ['.*\\.(query|value)', 'encoder.layer.0.self.query', true],
    ['.*\\.(query|value)', 'encoder.layer.0.self.key', false],
    ['^(?!.*vision).*(q|v)_proj$', 'text.layers.3.q_proj', true],
    ['^(?!.*vision).*(q|v)_proj$', 'vision.layers.3.q_proj', false],
    ['.*layer\\.(?P<n>\\d{1,2})\\.(?=attention).*', 'layer.11.attention.self', true],
    ['.*layer\\.\\d{1,2}\\.(?=attention).*', 'layer.111.attention.self', false],
    ['.*(?<=layer\\.1)\\.output', 'layer.1.output', true],
    ['.*(?<!layer\\.1)\\.output', 'layer.1.output', false],
    ['.*(?<!layer\\.1)\\.output', 'layer.2.output', true],
    ['(?i)ENCODER\\.[A-C]+', 'encoder.abc', true],
    ['(?i:E)ncoder', 'encoder', true],
    ['(?i:e)ncoder', 'eNCODER', false],
    ['[^.]*\\.[]x]', 'a.]', true],
    ['\\bself\\b\\W\\w+', 'self.query', true],
    ['\\Aquery\\Z', 'query', true],
    ['a{2}', 'aa', true],
    ['a{2}', 'a', false],
    ['a{,2}', 'aa', true],
    ['a{,2}', 'aaa', false],
    ['a{2,}b{0}', 'aaaa', true],
    ['a{x}', 'a{x}', true],
    ['x{2,3}?', 'xxx', true],
    ['(|a)+?', '', true],
    ['\\x61\\u0062\\t', 'ab\t', true],
    ['(?#why)a', 'a', true],
    ['', '', true],
    ['', 'a', false],
    ['query', 'my.query', false],
    ['a|b|', '', true],
    ['(?!)', '', false],
    ['(a*)*(b*)*', 'aabb', true],
  ] as const)('%s of %s: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected)
  })

  it.each([
    '(',
    ')',
    'a)',
    '[a',
    '\\',
    '*',
    'a**',
    'a++',
    'a{3}{2}',
    'a{3,2}',
    'a{9999}',
    '(a)\\1',
    '(?P=x)',
    '(?>a)',
    '(?(1)a|b)',
    '(?x)a',
    'a(?i)b',
    '\\p{L}',
    '[z-a]',
    '[\\d-z]',
    '\\q',
  ])('%s is refused, and its place is named', (pattern) => {
    expect(refusal(() => new Expression(pattern))).toMatch(/is not a regular expression .* at character \d+/)
  })

  it('agrees with RegExp wherever that ends', () => {
    const below = mulberry(7)
    const pick = <T>(items: readonly T[]): T => items[below(items.length)]!
    const atom = (depth: number): string => {
      const leaf = () => pick(['a', 'b', '.', '\\.', '[ab]', '[^a]', '\\d', '\\w', '1', '\\b', '^', '$'])
      if (depth === 0 || below(3) > 0) return leaf()
      return pick(['(', '(?:', '(?=', '(?!', '(?<=', '(?<!']) + expression(depth - 1) + ')'
    }
    const piece = (depth: number) => {
      const one = atom(depth)
      const plain = !/^(\^|\$|\\b|\(\?<?[=!])/.test(one) // RegExp repeats no assertion
      return one + (plain ? pick(['', '', '', '*', '+', '?', '{2}', '{1,2}', '*?']) : '')
    }
    const expression = (depth: number): string =>
      Array.from({ length: 1 + below(2) }, () =>
        Array.from({ length: below(4) }, () => piece(depth)).join(''),
      ).join('|')
    let matched = 0
    for (let round = 0; round < 20_000; round++) {
      const pattern = expression(3)
      const text = Array.from({ length: below(7) }, () => pick(['a', 'b', '.', '1', '_'])).join('')
      const expected = new RegExp(`^(?:${pattern})$`).test(text)
      expect(matches(pattern, text), `${pattern} of ${text}`).toBe(expected)
      if (expected) matched++
    }
    expect(matched).toBeGreaterThan(1000)
  })

  it('takes no longer for what makes others backtrack, and refuses what is out of all proportion', () => {
    const began = performance.now()
    const text = 'a'.repeat(200)
    for (const pattern of [
      '(a+)+b',
      '(a|a)*b',
      '(.*)*(.*)*x',
      '(a?){100}a{100}b',
      '((a*)*)*b',
      '(?=(a+)+b)a*',
    ])
      expect(matches(pattern, text)).toBe(false)
    const nested = '('.repeat(40) + ')*'.repeat(40)
    expect(matches(nested, text)).toBe(false)
    expect(refusal(() => new Expression('('.repeat(1000)))).toMatch(/nested deeper/)
    expect(refusal(() => new Expression('a'.repeat(5000)))).toMatch(/5000 characters/)
    expect(refusal(() => matches('((a{1000}){1000}){1000}', text))).toMatch(/more than 10000 states/)
    expect(matches('((((){1000}){1000}){1000}){1000}', '')).toBe(true)
    expect(refusal(() => matches(`${'(.?){900}'.repeat(4)}x`, text))).toMatch(/take too long/)
    expect(performance.now() - began).toBeLessThan(3000)
  })
})
