import { expect, it } from 'vitest'
import { chunksOf, entityScores, repairedTags } from '../../lib/tasks/iob.ts'

// Random sequences with what seqeval 1.2.2 makes of them: get_entities, and precision, recall and F1 of a guess.
const cases: [tags: string, entities: string, guess: string][] = [
  ['O B-a S-a', 'a 1 1|a 2 2', 'O E-b S-a'],
  ['B-a E-b O I-b', 'a 0 0|b 1 1|b 3 3', 'B-a O O I-b'],
  ['O B-a B-b O', 'a 1 1|b 2 2', 'O B-a B-b O'],
  ['I-b O S-b E-a', 'b 0 0|b 2 2|a 3 3', 'E-b O S-b E-a'],
  ['S-a O I-b S-b O B-a I-a O', 'a 0 0|b 2 2|b 3 3|a 5 6', 'S-a O I-b S-b I-b B-a E-a O'],
  [
    'E-b S-b I-b O O E-b E-a I-b I-b O',
    'b 0 0|b 1 1|b 2 2|b 5 5|a 6 6|b 7 8',
    'E-b S-b O B-a O E-b S-b B-b I-b O',
  ],
  ['S-a', 'a 0 0', 'O'],
  [
    'O I-b O I-a I-a S-b E-a O E-a S-b',
    'b 1 1|a 3 4|b 5 5|a 6 6|a 8 8|b 9 9',
    'S-b I-b O O I-a O E-a O E-a S-b',
  ],
  ['S-b S-b E-a', 'b 0 0|b 1 1|a 2 2', 'S-b S-b O'],
  [
    'E-a S-b I-b E-b B-b I-b B-b O S-b',
    'a 0 0|b 1 1|b 2 3|b 4 5|b 6 6|b 8 8',
    'E-a B-b I-b E-b B-b I-b B-b S-b S-a',
  ],
  ['O', '', 'O'],
  ['E-b', 'b 0 0', 'E-b'],
]
const words = (text: string) => text.split(' ')

it.each(cases)('%s', (tags, entities) => {
  const found = chunksOf(words(tags)).map(({ type, start, end }) => `${type} ${start} ${end - 1}`)
  expect(found.join('|')).toBe(entities)
})

it("precision, recall and F1 are seqeval's", () => {
  const scores = entityScores(
    cases.map(([, , guess]) => words(guess)),
    cases.map(([tags]) => words(tags)),
  )
  expect(scores.precision).toBeCloseTo(0.7428571428571429, 12)
  expect(scores.recall).toBeCloseTo(0.7027027027027027, 12)
  expect(scores.f1).toBeCloseTo(0.7222222222222223, 12)
  expect(entityScores([['O']], [['O']])).toEqual({ precision: 0, recall: 0, f1: 0 })
})

it('names what it repairs', () => {
  expect(repairedTags(words('O I-a I-a O B-a I-b'))).toEqual([1, 5])
  expect(repairedTags(words('E-a I-a S-a I-a'))).toEqual([0, 1, 3])
  expect(repairedTags(words('B-a I-a O S-b B-b E-b'))).toEqual([])
  expect(repairedTags(words('IN EX'))).toEqual([]) // parts of speech
})
