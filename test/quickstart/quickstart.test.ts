import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { QuickstartOptions } from '../../examples/quickstart.ts'
import { cli, node } from '../cli/run.ts'
import { tinyExamples, tinyModel } from '../train/tiny.ts'

const path = (file: string) => new URL(file, import.meta.url).pathname

/** The quickstart without the set-up in front of it. */
const quickstart = (options: QuickstartOptions) =>
  node(['--import', 'tsx', path('program.ts'), JSON.stringify(options)])

let folder: string
let options: QuickstartOptions

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quickstart-'))
  const data = join(folder, 'glue')
  await mkdir(join(data, 'SST-2'), { recursive: true })
  const rows = (count: number, offset: number) =>
    tinyExamples(count, offset).map(
      ({ text, label }, i) => `${text} ${word(i + offset)}\t${label === 'good' ? 1 : 0}\n`,
    )
  await writeFile(join(data, 'SST-2', 'train.tsv'), ['sentence\tlabel\n', ...rows(200, 0)].join(''))
  await writeFile(join(data, 'SST-2', 'dev.tsv'), ['sentence\tlabel\n', ...rows(40, 500)].join(''))
  options = { model: await tinyModel(), task: 'sst2', data, out: join(folder, 'out'), trainSize: 160 }
})

/** Texts that repeat each other are left out: a word of its own for each number. */
const word = (n: number) => n.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)]!)

describe('the quickstart', { timeout: 120_000 }, () => {
  it('trains, merges, compares and leaves a model that the CLI reads', async () => {
    const { code, stdout } = await quickstart(options)
    expect(code).toBe(0)
    expect(stdout).toMatch(/held-out accuracy {3}before +[\d.]+ %/)
    expect(stdout).toMatch(/same predictions +40 of 40/)
    expect(stdout).toMatch(/What to try next/)
    const result = JSON.parse(await readFile(join(options.out, 'quickstart.json'), 'utf8'))
    expect(result).toMatchObject({
      task: 'sst2',
      trainTexts: 160,
      heldOutTexts: 40,
      mergedLabelsAgreeing: 40,
    })
    expect(result.optimizerStateBytes).toBe(8 * result.trainableParameters)
    expect(result.mergedLogitDifference).toBeLessThan(1e-4)
    expect((await readdir(options.out)).sort()).toEqual(
      ['adapter', 'held-out.jsonl', 'model', 'quickstart.json', 'train.jsonl'].sort(),
    )

    // The first thing it says to try: the same accuracy by the CLI.
    const command = /torch-lora (evaluate .*)/.exec(stdout)![1]!.split(' ')
    const again = await cli([...command, '--json'])
    expect(JSON.parse(again.stdout)).toMatchObject({ examples: 40, accuracy: result.after })
  })

  it('refuses to replace what is not its own', async () => {
    const out = join(folder, 'mine')
    await mkdir(out)
    await writeFile(join(out, 'thesis.txt'), 'x')
    const { code, stderr } = await quickstart({ ...options, out })
    expect(code).toBe(1)
    expect(stderr).toMatch(/mine holds other things than an earlier quickstart/)
    expect(await readdir(out)).toEqual(['thesis.txt'])
  })

  it('names the tasks there are', async () => {
    const { code, stderr } = await quickstart({ ...options, task: 'nope', out: join(folder, 'none') })
    expect(code).toBe(1)
    expect(stderr).toMatch(/--task: expected .*sst2.* or spam, received 'nope'/)
    expect(existsSync(join(folder, 'none'))).toBe(false)
  })

  it('reads its options before it sets anything up', async () => {
    const script = path('../../scripts/quickstart.mjs')
    const refused = await node([script, '--epochs', '3'])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/--epochs.*--help lists the options/)
    const size = await node([script, '--train-size', '0'])
    expect(size.stderr).toMatch(/--train-size: expected a whole number of at least 1, received '0'/)
    const help = await node([script, '--help'])
    expect(help).toMatchObject({ code: 0 })
    expect(help.stdout).toMatch(/Usage: npm run quickstart/)
  })
})
