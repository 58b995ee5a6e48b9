import { existsSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { tinyModel } from '../train/tiny.ts'
import { cli as run } from './run.ts'

const cli = (...args: string[]) => run(args)

let folder: string
let base: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-tasks-'))
  base = await tinyModel()
})

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

const trainArgs = (taskType: string, train: string, out: string, ...more: string[]) =>
  ['train', '--task-type', taskType, '--model', base, '--train', train, '--out', out].concat(
    ['--lr', '1e-2', '--batch-size', '8', '--r', '4', '--target', 'all-linear', '--json'],
    more,
  )

/** Two words of each sentence are a thing. */
const things = (count: number) =>
  Array.from({ length: count }, (_, i) => {
    const [a, b] = [
      ['the', 'film'],
      ['this', 'book'],
      ['her', 'song'],
    ][i % 3]!
    return `was\tO\n${['good', 'dull', 'great'][(i >> 1) % 3]}\tO\n${a}\tB-THING\n${b}\tI-THING\n`
  }).join('\n')

describe('--task-type masked-language-model', { timeout: 120_000 }, () => {
  it('trains to its summary, and measures the best as evaluate does', async () => {
    const texts = Array.from({ length: 60 }, (_, i) => `the film was ${['good', 'dull', 'great'][i % 3]}.\n`)
    const train = await file('texts.txt', texts.join(''))
    const dev = await file('dev.txt', texts.slice(0, 12).join(''))
    const out = join(folder, 'masked')
    const trained = await cli(
      ...trainArgs('masked-language-model', train, out, '--epochs', '2', '--eval', dev),
    )
    expect(trained.stderr).not.toMatch(/torch-lora:/)
    expect(trained.code).toBe(0)
    const summary = JSON.parse(await readFile(join(out, 'summary.json'), 'utf8'))
    const found = JSON.parse(await readFile(join(out, 'evaluation.json'), 'utf8'))
    expect(found.metrics).toEqual(summary.best.metrics)
    const evaluate = ['evaluate', '--task-type', 'masked-language-model', '--model', base]
    evaluate.push('--adapter', join(out, 'adapter'), '--eval', dev)
    const again = await cli(...evaluate, '--json')
    expect(again.stderr).not.toMatch(/torch-lora:/)
    expect(JSON.parse(again.stdout)).toMatchObject(found.metrics)
    const wrong = await cli(...evaluate, '--errors', join(folder, 'none.jsonl'))
    expect(wrong.stderr).toMatch(/those of texts with classes: this model is for masked-language-model/)
  })
})

describe('--task-type token-classification', { timeout: 180_000 }, () => {
  it('trains, evaluates by what the adapter says, and merges', async () => {
    const train = await file('train.conll', things(96))
    const dev = await file('dev.conll', things(12))
    const out = join(folder, 'tokens')
    const trained = await cli(
      ...trainArgs('token-classification', train, out, '--epochs', '8', '--eval', dev),
    )
    expect(trained.stderr).toMatch(/parameters train/)
    expect(trained.code).toBe(0)
    const summary = JSON.parse(await readFile(join(out, 'summary.json'), 'utf8'))
    expect(summary.configuration.taskType).toBe('token-classification')
    expect(summary.best.metrics.f1).toBeGreaterThan(0.9)
    const adapter = join(out, 'adapter')
    const config = JSON.parse(await readFile(join(adapter, 'adapter_config.json'), 'utf8'))
    expect(config.task_type).toBe('TOKEN_CLS')

    const spans = await file(
      'dev.jsonl',
      `${JSON.stringify({ text: 'was good the film', entities: [{ start: 9, end: 17, label: 'THING' }] })}\n`,
    )
    const merged = join(folder, 'tokens-merged')
    expect((await cli('merge', '--model', base, '--adapter', adapter, '--out', merged)).code).toBe(0)
    expect(existsSync(join(merged, 'vocab.txt'))).toBe(true)
    const evaluate = async (...args: string[]) =>
      JSON.parse((await cli('evaluate', ...args, '--json')).stdout)
    expect(await evaluate('--model', base, '--adapter', adapter, '--eval', dev)).toMatchObject({
      examples: 12,
      f1: summary.best.metrics.f1,
    })
    expect(await evaluate('--model', merged, '--eval', spans)).toMatchObject({ examples: 1, f1: 1 })

    const loose = await file('loose.conll', things(6).replaceAll('B-THING', 'I-THING'))
    const repaired = await cli('evaluate', '--model', merged, '--eval', loose, '--json')
    expect(repaired.stderr).toMatch(
      /6 tags go on with entities that had not begun, the first "I-THING" after "O" \(.*loose\.conll, line 3\): read as a beginning, as seqeval does\. Write "B-"/,
    )
    expect(JSON.parse(repaired.stdout).f1).toBeGreaterThan(0.9)

    // Another task's run does not go on from it.
    const labelled = await file(
      'labelled.jsonl',
      '{"text":"it is good","label":"good"}\n{"text":"it is bad","label":"bad"}\n',
    )
    const other = await cli(
      ...trainArgs('sequence-classification', labelled, out, '--epochs', '96', '--resume'),
    )
    expect(other.stderr).toMatch(/taskType was "token-classification"/)
  })

  it.each([
    ['bad.conll', 'film\n', /bad\.conll, line 1: no tag/],
    [
      'over.jsonl',
      '{"text":"a b","entities":[{"start":0,"end":9,"label":"x"}]}\n',
      /over\.jsonl, line 1: the entity "x" from 0 to 9 is not within the text of 3/,
    ],
    ['none.conll', 'film\tO\n', /nothing to learn/],
  ])('%s is refused before a folder is begun', async (name, text, message) => {
    const out = join(folder, `refused-${name}`)
    const { code, stderr } = await cli(...trainArgs('token-classification', await file(name, text), out))
    expect(stderr).toMatch(message)
    expect(code).toBe(1)
    expect(existsSync(out)).toBe(false)
  })

  it('says what there is for a task that GLUE has nothing for', async () => {
    const glue = await cli(
      ...['train', '--task-type', 'token-classification', '--task', 'mrpc'],
      ...['--model', base, '--out', join(folder, 'glue')],
    )
    expect(glue.stderr).toMatch(/GLUE has nothing for token-classification/)
  })
})
