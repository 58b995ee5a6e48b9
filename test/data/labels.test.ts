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

describe('LabelSet and config.json', () => {
  it('round-trips', () => {
    for (const set of [
      LabelSet.single(['no', 'yes']),
      LabelSet.multi(['x', 'y', 'z']),
      LabelSet.multi(['only']),
      LabelSet.regression(),
    ]) {
      const config = JSON.parse(JSON.stringify(set.toConfig()))
      const again = LabelSet.fromConfig(config)
      expect([again.problemType, again.names]).toEqual([set.problemType, set.names])
    }
    expect(LabelSet.single(['no', 'yes']).toConfig()).toEqual({
      problem_type: 'single_label_classification',
      id2label: { 0: 'no', 1: 'yes' },
      label2id: { no: 0, yes: 1 },
    })
  })
  it('reads what transformers writes', () => {
    expect(LabelSet.fromConfig({}).names).toEqual(['LABEL_0', 'LABEL_1'])
    expect(LabelSet.fromConfig({ id2label: { '0': 'LABEL_0' } }).problemType).toBe('regression')
    expect(
      LabelSet.fromConfig({ id2label: { '1': 'b', '0': 'a', '2': 'c' }, problem_type: null }).names,
    ).toEqual(['a', 'b', 'c'])
    expect(failure(() => LabelSet.fromConfig({ id2label: { '1': 'b', '2': 'c' } }))).toMatch(
      /INVALID_FILE.*ids 1, 2; expected 0 to 1/,
    )
  })
})
