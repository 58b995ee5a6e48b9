import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

/**
 * Small inputs that once went wrong, kept outside the repository (TORCH_LORA_SHARED names another place): a folder a
 * case, with a run.sh that takes a built checkout and an expected.txt. What each must print stands here.
 */
const root = resolve(import.meta.dirname, '..')
const shared = process.env.TORCH_LORA_SHARED ?? resolve(root, '../shared')
const cases = join(shared, 'cases')
const present = existsSync(cases)
if (!present) console.log(`skipped: ${cases} is not there (TORCH_LORA_SHARED names another place)`)

/** The logits of the lines that are JSON. */
function logitsOf(output: string): number[][] {
  const lines = output.split('\n').filter((line) => line.startsWith('{'))
  return lines.map((line) => (JSON.parse(line) as { logits: number[] }).logits)
}

function expectClose(found: readonly number[][], expected: readonly number[][], digits: number): void {
  expect(found).toHaveLength(expected.length)
  for (const [i, row] of expected.entries())
    for (const [j, value] of row.entries()) expect(found[i]![j]).toBeCloseTo(value, digits)
}

/** What a case prints, checked. */
const expectations: Record<string, (output: string) => void> = {
  'adapter-pissa': (output) => {
    const peft = [
      [0.004759827628731728, -0.057163625955581665, 0.24414551258087158],
      [-0.12291273474693298, 0.07942827045917511, 0.06711587309837341],
      [0.005533425137400627, -0.03388882055878639, 0.2829555869102478],
    ]
    expectClose(logitsOf(output), peft, 5)
  },
  'adapter-without-head': (output) => {
    // PEFT's, with the trained head of the base model; the last two of three lines and the bar are shown.
    const peft = [
      [-0.06473, -0.38535, -1.36128],
      [0.26173, -0.7034, -1.30652],
    ]
    expectClose(logitsOf(output), peft, 4)
  },
  'added-tokens-ignored': (output) => expect(JSON.parse(output)).toEqual([2, 57, 107, 63, 66, 3]), // transformers'
  'csv-extra-field': (output) => expect(output).toMatch(/^exit 1\n(?!.*labels)/),
  'csv-scores': (output) => expect(output).toMatch(/exit 0\n.*LABEL_0[\s\S]*problem_type":"regression/),
  'evaluate-labels-ignored': (output) => expect(output).toMatch(/accuracy +0\.\d{4}/),
  'labels-from-eval': (output) => expect(output).toMatch(/accuracy[\s\S]*"labels":"\[\\"0\\",\\"1\\"\]/),
  'multilabel-lost': (output) => {
    const lines = output.split('\n').filter((line) => line.startsWith('{'))
    const found = lines.map((line) => JSON.parse(line) as { label: string; score: number })
    const peft = [0.7295, 0.755, 0.7451] // sigmoid of the third logit
    expect(found.map(({ label }) => label)).toEqual(['pos', 'neg|pos', 'neg|pos'])
    for (const [i, { score }] of found.entries()) expect(score).toBeCloseTo(peft[i]!, 4)
    expect(output.match(/"problem_type": "multi_label_classification"/g)).toHaveLength(2)
  },
  'onehot-labels': (output) => {
    const [vectors, columns] = output.trim().split('\n')
    expect(vectors).toMatch(/written to .*adapter/)
    expect(columns).toMatch(
      /line 1: no column "label" or "labels".*name the right one in --label .*--label-columns/,
    )
  },
  'predict-columns': (output) => {
    // Its file ends inside a quoted field.
    const [named, unnamed] = output.trim().split('\n')
    expect(named).toMatch(/reviews\.csv, line 4: Quote Not Closed.*--no-quoting/)
    expect(unnamed).toMatch(
      /the columns are "sentiment", "review": name the right one in --text, or set --no-header/,
    )
  },
  'serve-tei': (output) => {
    const answers = output.split('\n').filter((line) => line.startsWith('['))
    const [one, left, nothing, tokens] = answers.map((line) => JSON.parse(line))
    expect(one).toEqual([{ label: 'LABEL_0', score: expect.closeTo(0.5408, 4) }])
    const expected = { neg: -0.2308, neu: -0.0788, pos: -1.8924 } // transformers with truncation_side="left"
    for (const { label, score } of left)
      expect(score).toBeCloseTo(expected[label as keyof typeof expected], 4)
    expect(nothing).toHaveLength(3)
    expect(tokens).toEqual([
      [
        { id: expect.any(Number), text: 'the', special: false, start: 0, stop: 3 },
        { id: expect.any(Number), text: 'movie', special: false, start: 4, stop: 9 },
      ],
    ])
  },
  'worker-terminate-abort': (output) => expect(output).toContain('the main thread survived\nexit code 0\n'),
  'types-node16': (output) => expect(output).toBe('exit 0\n'),
  'head-size-message': (output) => {
    const [otherSize, wrapped] = output.trim().split('\n')
    expect(otherSize).toContain('classifier.weight is [3, 16], config.json says 2 labels')
    expect(wrapped).toContain('3/3 texts') // the prefix "module." is stripped
  },
}

describe.skipIf(!present)('what once went wrong', () => {
  it('has an expectation a case', () => {
    const found = readdirSync(cases).filter((name) => existsSync(join(cases, name, 'run.sh')))
    expect(Object.keys(expectations).sort()).toEqual(found.sort())
  })
  it.each(Object.entries(expectations))('%s', { timeout: 120_000 }, async (name, check) => {
    // What it prints counts, whatever its last command thinks of it.
    const { stdout, stderr } = await promisify(execFile)('bash', [join(cases, name, 'run.sh')], {
      env: { ...process.env, TORCH_LORA: root },
    }).catch((failure: { stdout: string; stderr: string }) => failure)
    check(stdout + stderr)
  })
})
