import { existsSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { tinyExamples, tinyModel } from '../train/tiny.ts'
import { cli } from './run.ts'

let folder: string
let args: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evaluate-'))
  const dev = join(folder, 'dev.jsonl')
  await writeFile(
    dev,
    tinyExamples(40)
      .map((example) => `${JSON.stringify(example)}\n`)
      .join(''),
  )
  args = ['evaluate', '--model', await tinyModel(), '--eval', dev]
})

describe('torch-lora evaluate', { timeout: 120_000 }, () => {
  it('prints a table, and writes JSON and every wrong answer, the most confident first', async () => {
    const [out, errors] = [join(folder, 'out.json'), join(folder, 'errors.jsonl')]
    const { code, stdout } = await cli([...args, '--out', out, '--errors', errors])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^accuracy +0\.\d{4} {2}\(95 %: 0\.\d{4} to [01]\.\d{4}\)$/m)
    expect(stdout).toMatch(/^class +precision +recall +f1 +support$/m)
    expect(stdout).toMatch(/^bad( +[01]\.\d{4}){3} +20$/m)
    const { metrics, report, confusion, answers, worst } = JSON.parse(await readFile(out, 'utf8'))
    const wrong = (await readFile(errors, 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
    expect(wrong.length).toBe(Math.round(40 * (1 - metrics.accuracy)))
    expect(wrong.length).toBeGreaterThan(0) // of a random model
    for (const [i, { label, predicted, confidence, line, text }] of wrong.entries()) {
      expect(label).not.toBe(predicted)
      expect(tinyExamples(40)[line - 1]).toEqual({ text, label })
      if (i > 0) expect(confidence).toBeLessThanOrEqual(wrong[i - 1].confidence)
    }
    expect(worst).toEqual(wrong.slice(0, 20))
    expect(report.classes.map(({ support }: { support: number }) => support)).toEqual([20, 20])
    expect(confusion[0][0] + confusion[1][1]).toBe(40 - wrong.length)
    expect(answers.right.split('0').length - 1).toBe(wrong.length)

    const same = await cli([...args, '--against', out])
    expect(same.stdout).toMatch(/Right alone: this model 0, the other 0; McNemar's exact p 1\.0, which is no/)
    const json = await cli([...args, '--json', '--metrics', 'roc_auc,f1', '--against', out])
    expect(JSON.parse(json.stdout)).toMatchObject({
      examples: 40,
      roc_auc: expect.any(Number),
      f1: report.classes[1].f1,
      comparison: { pValue: 1 },
    })
  })

  it('refuses a metric that there is not, and another file to compare with, before it writes', async () => {
    const errors = join(folder, 'never.jsonl')
    const metric = await cli([...args, '--metrics', 'accuracy,bleu', '--errors', errors])
    expect(metric.code).toBe(1)
    expect(metric.stderr).toMatch(/no "bleu"; it has accuracy, macro_f1/)
    const other = join(folder, 'other.jsonl')
    await writeFile(other, '{"text":"this","label":"good"}\n{"text":"that","label":"bad"}\n')
    const out = join(folder, 'other.json')
    expect((await cli([...args, '--eval', other, '--out', out])).code).toBe(0)
    const against = await cli([...args, '--against', out, '--errors', errors])
    expect(against.code).toBe(1)
    expect(against.stderr).toMatch(/not of the same labelled texts/)
    const none = await cli([...args, '--against', join(folder, 'nowhere.json')])
    expect(none.stderr).toMatch(/nowhere\.json/)
    expect(existsSync(errors)).toBe(false)
  })
})
