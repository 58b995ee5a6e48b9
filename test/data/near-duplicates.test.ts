import { describe, expect, it } from 'vitest'
import { describeFindings, examineExamples } from '../../lib/data/examine.ts'
import { nearDuplicates } from '../../lib/data/near-duplicates.ts'
import { Random } from '../../lib/data/random.ts'

const random = new Random(3)
const words = Array.from({ length: 400 }, () =>
  Array.from({ length: 3 + random.below(6) }, () => String.fromCharCode(97 + random.below(26))).join(''),
)
const sentence = (length: number) => Array.from({ length }, () => words[random.below(words.length)]!)

/** Jaccard's index of runs of four letters, word for word. */
function jaccard(a: string, b: string): number {
  const runs = (text: string) =>
    new Set(Array.from({ length: text.length - 3 }, (_, i) => text.slice(i, i + 4)))
  const [x, y] = [runs(a), runs(b)]
  const shared = [...x].filter((run) => y.has(run)).length
  return shared / (x.size + y.size - shared)
}

describe('nearDuplicates', () => {
  it('finds those that comparing every pair finds, and no others', () => {
    const originals = Array.from({ length: 300 }, () => sentence(8 + random.below(30)))
    const train = originals.map((each) => each.join(''))
    const evaluate = originals.map((each, i) => {
      const copy = [...each]
      for (let change = 0; change < i % 6; change++)
        copy[random.below(copy.length)] = words[random.below(400)]!
      return (i % 3 === 0 ? sentence(20) : copy).join('')
    })
    const expected = evaluate.flatMap((text, at) =>
      train.some((other) => jaccard(text, other) >= 0.8) ? [at] : [],
    )
    const found = nearDuplicates(train, evaluate)
    expect(expected.length).toBeGreaterThan(60)
    const missed = expected.filter((at) => !found.some((each) => each.evaluate === at))
    expect(missed.length).toBeLessThanOrEqual(0.03 * expected.length)
    for (const each of found)
      expect(jaccard(evaluate[each.evaluate]!, train[each.train]!)).toBeGreaterThanOrEqual(0.8)
  })

  it('leaves short texts alone, and knows nothing of nothing', () => {
    expect(nearDuplicates(['itcrashed'], ['itcrashed'])).toEqual([])
    expect(nearDuplicates([], [])).toEqual([])
  })

  it('looks at a large set in seconds, of texts that are all alike too', () => {
    const many = Array.from({ length: 30_000 }, () => sentence(12).join(''))
    const began = process.cpuUsage() // not the clock's, which other processes move too
    nearDuplicates(many, many.slice(0, 20_000).toReversed())
    const same = Array.from(
      { length: 5000 },
      (_, i) => `the same beginning of every text and number ${i % 10}`,
    )
    nearDuplicates(same, same)
    expect(process.cpuUsage(began).user / 1e6).toBeLessThan(20)
  })

  it('is said before training, with an example', () => {
    const text = 'The export button on the second page of the report has not worked since the update in May.'
    const findings = examineExamples(
      [{ text, label: 'bug' }],
      [
        { text: text.replace('May', 'June'), label: 'bug' },
        { text: text.toUpperCase(), label: 'bug' },
        {
          text: 'Something else entirely, of about the same length, about a bill that came twice.',
          label: 'billing',
        },
      ],
    )
    expect(findings).toMatchObject({ shared: 0, nearlyShared: 1, similar: 1 })
    expect(describeFindings(findings, { evaluated: 3 })).toContain(
      `1 more of 3 share four fifths of their letters, in runs of four, with a training text: ${JSON.stringify(text.slice(0, 60))} with ${JSON.stringify(text.slice(0, 60))}.`,
    )
  })
})
