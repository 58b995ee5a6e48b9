import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { tinyModel } from '../train/tiny.ts'
import { main } from './run.ts'

const cli = (...args: string[]) =>
  spawnSync(process.execPath, [main, 'predict', ...args], { encoding: 'utf8' })

let data: string
let model: string

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'glue-'))
  // The other way round than GLUE numbers them.
  model = await tinyModel({ labels: ['entailment', 'not_entailment'] })
  await mkdir(join(data, 'WNLI'))
  const words = ['good', 'bad', 'dull', 'great', 'poor', 'fine']
  const rows = Array.from(
    { length: 146 },
    (_, i) => `${i}\tthe film was ${words[i % 6]}.\tthis ${words[(i * 7) % 5]} song`,
  )
  await writeFile(join(data, 'WNLI', 'test.tsv'), `index\tsentence1\tsentence2\n${rows.join('\n')}\n`)
})

describe('predict --task --glue-out', { timeout: 60_000 }, () => {
  it('writes the submission, in the numbers of GLUE whatever the order of the model', async () => {
    const out = join(data, 'submission')
    const test = ['--model', model, '--task', 'wnli', '--data', data]
    const written = cli(...test, '--glue-out', out)
    expect(written.status).toBe(0)
    expect(written.stdout.trim()).toBe(join(out, 'WNLI.tsv'))
    const printed = cli(...test, '--json')
    const labels = printed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).label)
    expect(labels).toHaveLength(146)
    const expected = labels.map((label, i) => `${i}\t${label === 'entailment' ? 1 : 0}`)
    expect(await readFile(join(out, 'WNLI.tsv'), 'utf8')).toBe(`index\tprediction\n${expected.join('\n')}\n`)
  })

  it.each([
    ['neither file nor task', [], /--input FILE, or --task NAME/],
    ['both', ['--input', 'x.jsonl', '--task', 'wnli'], /--input FILE, or --task NAME/],
    ['a folder without a task', ['--input', 'x.jsonl', '--glue-out', 'out'], /give --task NAME/],
    [
      'a model of another task',
      ['--task', 'mrpc', '--glue-out', 'out'],
      /entailment, not_entailment.*mrpc has not_equivalent/,
    ],
  ])('refuses %s', async (_, args, message) => {
    await mkdir(join(data, 'MRPC'), { recursive: true })
    await writeFile(
      join(data, 'MRPC', 'test.tsv'),
      'index\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t1\t2\ta\tb\n',
    )
    const result = cli('--model', model, '--data', data, ...args)
    expect(result.status).toBe(1)
    expect(result.stderr).toMatch(message)
    expect(result.stdout).toBe('')
    expect(existsSync('out')).toBe(false)
  })
})
