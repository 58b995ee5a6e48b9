import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type GlueSplit,
  type GlueTaskName,
  glueTask,
  glueTaskNames,
  loadGlue,
  writeGluePredictions,
} from '../../lib/data/index.ts'
import { TorchLoraError } from '../../lib/errors.ts'

const shared = process.env.TORCH_LORA_SHARED ?? resolve(import.meta.dirname, '../../../shared')
const dataDir = join(shared, 'data/glue')
if (!existsSync(dataDir))
  console.log(`skipped: ${dataDir} is not there (TORCH_LORA_SHARED names another place)`)

describe.runIf(existsSync(dataDir))('real GLUE files', () => {
  // Rows, and rows with the class 1 (RTE: entailment, class 0): the data's own README and GLUE's index.
  const cases: [GlueTaskName, GlueSplit, number, string, number][] = [
    ['mrpc', 'train', 3668, 'equivalent', 2474],
    ['mrpc', 'validation', 408, 'equivalent', 279],
    ['rte', 'train', 2490, 'entailment', 1249],
    ['rte', 'validation', 277, 'entailment', 146],
    ['sst2', 'train', 67349, 'positive', 37569],
    ['sst2', 'validation', 872, 'positive', 444],
    ['cola', 'train', 8551, 'acceptable', 6023],
    ['cola', 'validation', 1043, 'acceptable', 719],
    ['wnli', 'train', 635, 'entailment', 312],
    ['wnli', 'validation', 71, 'entailment', 31],
    ['qnli', 'validation', 5463, 'entailment', 2702],
  ]
  it.each(cases)('%s %s: %i rows', async (name, split, rows, label, count) => {
    const { examples, labels, task } = await loadGlue(name, { dataDir, split })
    expect(examples.length).toBe(rows)
    expect(task.rows[split]).toBe(rows)
    expect(examples.filter((e) => e.label === label).length).toBe(count)
    expect(labels.names).toEqual(task.labels)
    const { values } = labels.encode(examples)
    expect(values.filter((id) => id === labels.id(label)).length).toBe(count)
    for (const { text, textPair } of examples) {
      expect(text).not.toMatch(/[\t\n\ufeff]/)
      expect(textPair === undefined).toBe(task.columns.textPair === undefined)
    }
  })

  it.each([
    ['mrpc', 1725],
    ['rte', 3000],
    ['sst2', 1821],
    ['wnli', 146],
  ] as const)('%s test: %i rows without labels', async (name, rows) => {
    const { examples } = await loadGlue(name, { dataDir, split: 'test' })
    expect(examples.length).toBe(rows)
    expect(examples.every((e) => e.label === undefined)).toBe(true)
    expect(examples.map((e) => e.id)).toEqual(Array.from({ length: rows }, (_, i) => String(i)))
  })

  it('stsb: scores from 0 to 5', async () => {
    for (const [split, rows] of [
      ['train', 5749],
      ['validation', 1500],
    ] as const) {
      const { examples, labels } = await loadGlue('stsb', { dataDir, split })
      expect(examples.length).toBe(rows)
      const { values } = labels.encode(examples)
      expect(Math.min(...values)).toBe(0)
      expect(Math.max(...values)).toBe(5)
    }
    const { examples } = await loadGlue('stsb', { dataDir, split: 'validation' })
    expect(examples[0]).toMatchObject({
      text: 'A man with a hard hat is dancing.',
      textPair: 'A man wearing a hard hat is dancing.',
      label: 5,
    })
  })

  it('keeps quotation marks and drops the byte-order mark', async () => {
    const { examples } = await loadGlue('mrpc', { dataDir, split: 'validation' })
    expect(examples[0]!.textPair).toBe(
      '"The foodservice pie business does not fit our long-term growth strategy.',
    )
    expect(examples[0]).toMatchObject({
      label: 'equivalent',
      line: 2,
      file: join(dataDir, 'MRPC', 'dev.tsv'),
    })
  })

  it('takes the folder of one task', async () => {
    expect(
      (await loadGlue('RTE', { dataDir: join(dataDir, 'RTE'), split: 'validation' })).examples.length,
    ).toBe(277)
  })
})

describe('every layout', () => {
  let dir: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'glue-'))
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))
  let next = 0
  async function folder(files: Record<string, string>): Promise<string> {
    const root = join(dir, String(next++))
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true })
      await writeFile(join(root, name), content)
    }
    return root
  }
  const load = async (name: string, split: GlueSplit, files: Record<string, string>) =>
    (await loadGlue(name, { dataDir: await folder(files), split })).examples.map(
      ({ file: _, line, ...rest }) => ({ ...rest, line }),
    )
  const failure = async (name: string, split: GlueSplit, files: Record<string, string>) => {
    const error = await load(name, split, files).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TorchLoraError)
    return `${(error as TorchLoraError).code}: ${(error as Error).message}`
  }

  it("GLUE's own, task by task", async () => {
    expect(
      await load('cola', 'train', { 'CoLA/train.tsv': 'gj04\t1\t\tA sentence.\ncj99\t0\t*\tSentence a.\n' }),
    ).toEqual([
      { text: 'A sentence.', label: 'acceptable', id: '0', line: 1 },
      { text: 'Sentence a.', label: 'unacceptable', id: '1', line: 2 },
    ])
    expect(await load('cola', 'test', { 'CoLA/test.tsv': 'index\tsentence\n0\tA sentence.\n' })).toEqual([
      { text: 'A sentence.', id: '0', line: 2 },
    ])
    const sts = 'index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2'
    expect(
      await load('stsb', 'train', {
        'STS-B/train.tsv': `${sts}\tscore\n4\tmain\tMSRvid\t2012\t1\tnone\tnone\tA "b\tc\t3.80\n`,
      }),
    ).toEqual([{ text: 'A "b', textPair: 'c', label: 3.8, id: '4', line: 2 }])
    expect(
      await load('stsb', 'test', {
        'STS-B/test.tsv': `${sts}\n0\tmain\tMSRvid\t2012\t1\tnone\tnone\ta\tb\n`,
      }),
    ).toEqual([{ text: 'a', textPair: 'b', id: '0', line: 2 }])
    expect(
      await load('qqp', 'train', {
        'QQP/train.tsv':
          'id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n7\t1\t2\tWhy?\tHow?\t0\nbroken\trow\n8\t3\t4\tWhat?\tWhat?\t1\n',
      }),
    ).toEqual([
      { text: 'Why?', textPair: 'How?', label: 'not_duplicate', id: '7', line: 2 },
      { text: 'What?', textPair: 'What?', label: 'duplicate', id: '8', line: 4 },
    ])
    const mnli = [
      'index',
      'promptID',
      'pairID',
      'genre',
      'sentence1_binary_parse',
      'sentence2_binary_parse',
      'sentence1_parse',
      'sentence2_parse',
      'sentence1',
      'sentence2',
    ]
    const row = ['0', '1', '1n', 'x', '(', '(', '(', '(', 'premise', 'hypothesis']
    for (const [name, file] of [
      ['mnli', 'dev_matched.tsv'],
      ['mnli-mm', 'dev_mismatched.tsv'],
    ] as const)
      expect(
        await load(name, 'validation', {
          [`MNLI/${file}`]: `${[...mnli, 'label1', 'gold_label'].join('\t')}\n${[...row, 'neutral', 'contradiction'].join('\t')}\n`,
        }),
      ).toEqual([{ text: 'premise', textPair: 'hypothesis', label: 'contradiction', id: '0', line: 2 }])
    expect(await load('ax', 'test', { 'AX/AX.tsv': 'index\tsentence1\tsentence2\n0\ta\tb\n' })).toEqual([
      { text: 'a', textPair: 'b', id: '0', line: 2 },
    ])
    expect(
      await load('rte', 'validation', {
        'dev.tsv': 'index\tsentence1\tsentence2\tlabel\n0\ta\tb\tnot_entailment\r\n',
      }),
    ).toEqual([{ text: 'a', textPair: 'b', label: 'not_entailment', id: '0', line: 2 }])
  })

  it('MRPC as the corpus has it, divided by its list of ids', async () => {
    const header = '\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n'
    const files = {
      'MRPC/msr_paraphrase_train.txt': `${header}1\t10\t20\ta\tb\n0\t11\t21\tc\td\n`,
      'MRPC/mrpc_dev_ids.tsv': '11\t21\n',
    }
    expect((await load('mrpc', 'train', files)).map((e) => [e.text, e.label])).toEqual([['a', 'equivalent']])
    expect((await load('mrpc', 'validation', files)).map((e) => [e.text, e.label])).toEqual([
      ['c', 'not_equivalent'],
    ])
    expect(await failure('mrpc', 'train', { 'MRPC/msr_paraphrase_train.txt': header })).toMatch(
      /INVALID_FILE.*lacks mrpc_dev_ids\.tsv or dev_ids\.tsv/,
    )
  })

  it('WNLI in two parts, in the order of their numbers', async () => {
    const files = {
      'WNLI/train.tsv': 'index\tsentence1\tsentence2\tlabel\n1\tb\tB\t1\n3\td\tD\t0\n',
      'WNLI/val.tsv': '0\ta\tA\t0\n2\tc\tC\t1\n',
    }
    expect((await load('wnli', 'train', files)).map((e) => [e.text, e.label])).toEqual([
      ['a', 'not_entailment'],
      ['b', 'entailment'],
      ['c', 'entailment'],
      ['d', 'not_entailment'],
    ])
  })

  it('says what is missing or wrong', async () => {
    expect(await failure('rte', 'train', { 'RTE/dev.tsv': 'x' })).toMatch(
      /INVALID_FILE: .*RTE lacks the train split of rte: looked for train\.tsv; give as dataDir the folder that holds RTE/,
    )
    expect(await failure('cola', 'validation', { 'CoLA/in_domain_dev.tsv': 'a\t1\t\tb\n' })).toMatch(
      /looked for dev\.tsv, or in_domain_dev\.tsv and out_of_domain_dev\.tsv/,
    )
    expect(await failure('rte', 'train', { 'RTE/train.tsv': 'index\tsentence1\tlabel\n' })).toMatch(
      /line 1: no column "sentence2" for textPair; the columns are "index", "sentence1", "label"/,
    )
    expect(
      await failure('rte', 'train', {
        'RTE/train.tsv': 'index\tsentence1\tsentence2\tlabel\n0\ta\tb\tmaybe\n',
      }),
    ).toMatch(/line 2: column "label": expected "entailment" or "not_entailment", received "maybe"/)
    expect(
      await failure('rte', 'train', { 'RTE/train.tsv': 'index\tsentence1\tsentence2\tlabel\n0\ta\tb\n' }),
    ).toMatch(/line 2: expected at least 4 tab-separated fields, received 3/)
    expect(await failure('cola', 'train', { 'CoLA/train.tsv': 'gj04\t2\t\tA sentence.\n' })).toMatch(
      /line 1: column "label": expected "0" or "1" or "unacceptable" or "acceptable", received "2"/,
    )
    expect(
      await failure('stsb', 'train', { 'STS-B/sts-train.csv': 'main\tMSRvid\t2012\t1\thigh\ta\tb\n' }),
    ).toMatch(/line 1: column "score": expected a score, received "high"/)
    expect(await failure('sst2', 'train', { 'SST-2/train.tsv': 'sentence\tlabel\n' })).toMatch(
      /holds no rows/,
    )
    expect(await failure('ax', 'train', {})).toMatch(
      /INVALID_ARGUMENT: ax has no split "train"; expected one of test/,
    )
    expect(await failure('imdb', 'train', {})).toMatch(
      /INVALID_ARGUMENT: task "imdb": expected one of cola, sst2/,
    )
    expect(await failure('toString', 'train', {})).toMatch(/INVALID_ARGUMENT: task "toString"/)
  })
})

describe('tasks', () => {
  it("have Hugging Face's label order and GLUE's metrics", () => {
    expect(glueTaskNames).toHaveLength(11)
    expect(glueTask('rte').labels).toEqual(['entailment', 'not_entailment'])
    expect(glueTask('wnli').labels).toEqual(['not_entailment', 'entailment'])
    expect(glueTask('MNLI-mm').labels).toEqual(['entailment', 'neutral', 'contradiction'])
    expect(glueTask('SST-2').name).toBe('sst2')
    expect(glueTask('stsb').metrics).toEqual(['pearson', 'spearmanr'])
    expect(glueTask('cola').metrics[0]).toBe('matthews_correlation')
    expect(glueTask('mrpc').metrics).toEqual(['accuracy', 'f1'])
    for (const name of glueTaskNames)
      for (const { sha256 } of glueTask(name).downloads) expect(sha256).toMatch(/^[0-9a-f]{64}$/)
  })
})

describe('writeGluePredictions', () => {
  it('writes what gluebenchmark.com takes, or nothing', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'glue-out-'))
    try {
      const rte = await writeGluePredictions(
        'rte',
        Int32Array.from({ length: 3000 }, (_, i) => i % 2),
        { dir: join(dir, 'new') },
      )
      expect(rte).toBe(join(dir, 'new', 'RTE.tsv'))
      const lines = (await readFile(rte, 'utf8')).split('\n')
      expect(lines.slice(0, 3)).toEqual(['index\tprediction', '0\tentailment', '1\tnot_entailment'])
      expect(lines).toHaveLength(3002)
      const wnli = await writeGluePredictions('wnli', new Uint8Array(146).fill(1), { dir })
      expect((await readFile(wnli, 'utf8')).split('\n')[1]).toBe('0\t1')
      const sts = await writeGluePredictions(
        'stsb',
        Float32Array.from({ length: 1379 }, (_, i) => i - 1),
        { dir },
      )
      expect((await readFile(sts, 'utf8')).split('\n').slice(1, 8)).toEqual([
        '0\t0.000',
        '1\t0.000',
        '2\t1.000',
        '3\t2.000',
        '4\t3.000',
        '5\t4.000',
        '6\t5.000',
      ])
      await expect(writeGluePredictions('rte', [0, 1], { dir })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('3000 rows, received 2'),
      })
      await expect(writeGluePredictions('wnli', new Uint8Array(146).fill(2), { dir })).rejects.toThrow(
        /prediction 0 is 2; expected a class id from 0 to 1/,
      )
      await expect(
        writeGluePredictions('stsb', new Float32Array(1379).fill(Number.NaN), { dir }),
      ).rejects.toThrow(/expected a score/)
      await expect(
        writeGluePredictions('wnli', new Uint8Array(146), { dir: join(sts, 'below') }),
      ).rejects.toMatchObject({ code: 'INVALID_FILE' })
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  })
})
