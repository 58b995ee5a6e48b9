import { describe, expect, it } from 'vitest'
import { type Example, type ExampleLabel, LabelSet } from '../../lib/data/index.ts'
import type { TorchLoraError } from '../../lib/errors.ts'

const failure = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return `${(error as TorchLoraError).code}: ${(error as Error).message}`
  }
  return 'no error'
}
const labelled = (...labels: (ExampleLabel | undefined)[]): Example[] =>
  labels.map((label, i) => ({
    text: 'a text',
    file: 'train.jsonl',
    line: i + 1,
    ...(label === undefined ? {} : { label }),
  }))

describe('LabelSet of one label', () => {
  const set = LabelSet.single(['billing', 'bug', 'praise'])
  it('numbers names, both ways', () => {
    expect(set.size).toBe(3)
    expect(set.encode(labelled('bug', 'praise', 'billing'))).toEqual({
      values: Int32Array.of(1, 2, 0),
      shape: [3],
    })
    expect([set.id('bug'), set.name(1), set.id('none')]).toEqual([1, 'bug', undefined])
    expect(failure(() => set.name(3))).toMatch(/INVALID_ARGUMENT: class 3: expected 0 to 2/)
  })
  it('takes a number for the class it is of, unless classes are named by numbers', () => {
    expect(set.encode(labelled(2, '0')).values).toEqual(Int32Array.of(2, 0))
    const numbered = LabelSet.single(['1', '0'])
    expect(numbered.encode(labelled(0, 1, '1')).values).toEqual(Int32Array.of(1, 0, 0))
    expect(failure(() => numbered.encode(labelled(2)))).toMatch(/label 2 is not one of "1", "0"/)
  })
  it('names the line of a label that is wrong', () => {
    expect(failure(() => set.encode(labelled('bug', 'bugs')))).toBe(
      'INCOMPATIBLE: train.jsonl, line 2: the label "bugs" is not one of "billing", "bug", "praise"; correct the data, or add it to `labels`',
    )
    expect(failure(() => set.encode(labelled('bug', undefined)))).toMatch(
      /INCOMPATIBLE: train\.jsonl, line 2: no label/,
    )
    expect(failure(() => set.encode(labelled(['bug'])))).toMatch(
      /line 1: the label is \["bug"\]; expected one label/,
    )
    expect(failure(() => set.encode(labelled(1.5)))).toMatch(/the label 1\.5 is not one of/)
    expect(failure(() => set.encode([{ text: 'a text of someone', label: 'x' }]))).toMatch(
      /example "a text of someone": the label "x"/,
    )
    const many = LabelSet.single(Array.from({ length: 77 }, (_, i) => `class ${i}`))
    expect(failure(() => many.encode(labelled('x')))).toMatch(/"class 19" and 57 more;/)
  })
  it('refuses bad names', () => {
    expect(failure(() => LabelSet.single(['a']))).toMatch(/INVALID_ARGUMENT.*at least two classes/)
    expect(failure(() => LabelSet.single(['a', 'b', 'a']))).toMatch(/INVALID_ARGUMENT.*"a" is listed twice/)
    expect(failure(() => LabelSet.single(['a', '']))).toMatch(/INVALID_ARGUMENT.*not empty/)
    expect(failure(() => LabelSet.multi([]))).toMatch(/INVALID_ARGUMENT.*at least one class/)
  })
})

describe('LabelSet of several labels, and of scores', () => {
  it('gives 0 or 1 a class', () => {
    const set = LabelSet.multi(['a', 'b', 'c'])
    expect(set.encode(labelled(['a', 'c'], [], 'b'))).toEqual({
      values: Float32Array.of(1, 0, 1, 0, 0, 0, 0, 1, 0),
      shape: [3, 3],
    })
    expect(failure(() => set.encode(labelled(['a', 'd'])))).toMatch(
      /line 1: the label "d" is not one of "a", "b", "c"/,
    )
  })
  it('gives scores', () => {
    const set = LabelSet.regression()
    expect(set.size).toBe(1)
    expect(set.encode(labelled(1.5, '2.25', 0))).toEqual({
      values: Float32Array.of(1.5, 2.25, 0),
      shape: [3],
    })
    for (const label of ['high', '', ['a'], undefined])
      expect(failure(() => set.encode(labelled(1, label)))).toMatch(/INCOMPATIBLE: train\.jsonl, line 2/)
  })
})

describe('LabelSet.fromExamples', () => {
  it('finds out the kind', () => {
    expect(LabelSet.fromExamples(labelled('b', 'a', 'b', 'ä')).names).toEqual(['a', 'b', 'ä'])
    expect(LabelSet.fromExamples(labelled(10, 9, 2)).names).toEqual(['2', '9', '10'])
    expect(LabelSet.fromExamples(labelled('1', '0')).problemType).toBe('single_label_classification')
    expect(LabelSet.fromExamples(labelled(0.5, 1)).problemType).toBe('regression')
    expect(LabelSet.fromExamples(labelled(1, 2), 'regression').problemType).toBe('regression')
    const multi = LabelSet.fromExamples(labelled(['x'], [], ['y', 'x']))
    expect([multi.problemType, multi.names]).toEqual(['multi_label_classification', ['x', 'y']])
  })
  it('names the example that does not fit', () => {
    expect(failure(() => LabelSet.fromExamples(labelled('a', undefined)))).toMatch(
      /INCOMPATIBLE: train\.jsonl, line 2: no label/,
    )
    expect(failure(() => LabelSet.fromExamples(labelled(['a'], 'b')))).toMatch(
      /line 2: the label is "b" where other examples have arrays/,
    )
    expect(failure(() => LabelSet.fromExamples(labelled(0.5, 'b')))).toMatch(
      /line 2: the label is "b" where other examples have scores/,
    )
    expect(failure(() => LabelSet.fromExamples(labelled('a', 'a')))).toMatch(
      /all 2 examples have the label "a"/,
    )
  })
})

describe('one label in several spellings', () => {
  it('is one class: 0, 0.0, "0" and "0.0"; true, "true" and "True"; spaces and composed letters', () => {
    for (const [labels, names] of [
      [
        [0, '0', '0.0', '1', 1, '1.0', ' 1'],
        ['0', '1'],
      ],
      [
        ['1.0', '0.0'],
        ['0.0', '1.0'],
      ],
      [
        ['-0', '0', '2'],
        ['0', '2'],
      ],
      [
        [true, 'True', 'FALSE', 'false'],
        ['false', 'true'],
      ],
      [
        ['True', 'False'],
        ['False', 'True'],
      ],
      [
        ['bug ', 'bug', 'praise'],
        ['bug', 'praise'],
      ],
      [
        ['caf\u00e9', 'cafe\u0301', 'bar'],
        ['bar', 'caf\u00e9'],
      ],
      [
        ['01', '1', '2'],
        ['01', '1', '2'],
      ],
    ] as [ExampleLabel[], string[]][]) {
      const set = LabelSet.fromExamples(labelled(...labels))
      expect(set.names.slice().sort()).toEqual(names.slice().sort())
      expect(set.encode(labelled(...labels)).shape).toEqual([labels.length])
    }
    const set = LabelSet.single(['no', 'yes'])
    expect(set.encode(labelled('1.0', 0, '0.0')).values).toEqual(Int32Array.of(1, 0, 0))
    const booleans = LabelSet.single(['False', 'True'])
    expect(booleans.encode(labelled(true, 'false', '1', 0)).values).toEqual(Int32Array.of(1, 0, 1, 0))
    // Names that differ in spelling alone are still told apart by it.
    const both = LabelSet.single(['true', 'True'])
    expect([both.id('True'), both.id('true'), both.id('TRUE')]).toEqual([1, 0, undefined])
  })
  it('numbers of which some are not whole are scores, in a table as in JSON', () => {
    for (const labels of [
      ['0.0', '0.5', '2'],
      [0, 0.5, 2],
      ['1e-1', '3', '.5'],
    ] as ExampleLabel[][])
      expect(LabelSet.fromExamples(labelled(...labels)).problemType).toBe('regression')
    expect(failure(() => LabelSet.fromExamples(labelled('0.5', '1', 'N/A')))).toMatch(
      /line 3: the label is "N\/A" where other examples have scores; make all of them numbers, or say `problemType`/,
    )
    expect(LabelSet.fromExamples(labelled('1.5', 'x'), 'single_label_classification').size).toBe(2)
    expect(failure(() => LabelSet.fromExamples(labelled('1', 'x'), 'regression'))).toMatch(
      /line 2: the label is "x"; expected a number, since the task is regression/,
    )
    for (const label of ['0x10', 'Infinity', '1,5', true])
      expect(failure(() => LabelSet.regression().encode(labelled(label)))).toMatch(/expected a number/)
  })
})

describe('vectors of 0 and 1', () => {
  it('are several labels', () => {
    const set = LabelSet.fromExamples(labelled([1, 0, 1], [0, 0, 0], [true, false, false]))
    expect([set.problemType, set.names]).toEqual([
      'multi_label_classification',
      ['LABEL_0', 'LABEL_1', 'LABEL_2'],
    ])
    expect(set.encode(labelled([1, 0, true], ['LABEL_1'])).values).toEqual(Float32Array.of(1, 0, 1, 0, 1, 0))
  })
  it('are refused by line where they do not fit', () => {
    const of = (...labels: ExampleLabel[]) => failure(() => LabelSet.fromExamples(labelled(...labels)))
    expect(of([1, 0], [1, 0, 1])).toMatch(
      /line 2: the label is \[1,0,1\] where other examples have vectors of 2/,
    )
    expect(of([1, 0], [])).toMatch(/line 2/)
    expect(of([1, 0], ['a'])).toMatch(/line 2/)
    expect(of([1, 2], [0, 1])).toMatch(/line 1/)
    expect(failure(() => LabelSet.multi(['a', 'b']).encode(labelled([1, 0], [1])))).toMatch(
      /line 2: the label is \[1\]; expected 2 times 0 or 1 \(for "a", "b"\)/,
    )
    expect(failure(() => LabelSet.single(['a', 'b']).encode(labelled([1, 0])))).toMatch(/expected one label/)
  })
})
