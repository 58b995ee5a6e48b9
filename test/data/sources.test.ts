import { mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readTagInputs } from '../../lib/cli/prediction-lines.ts'
import { readDatasetFolder } from '../../lib/data/dataset-folder.ts'
import { describeFindings, examineExamples } from '../../lib/data/examine.ts'
import { type Example, readExamples } from '../../lib/data/index.ts'
import { readQuestionExamples } from '../../lib/data/question-examples.ts'
import { readSimilarityExamples } from '../../lib/data/similarity-examples.ts'
import { splitExamples } from '../../lib/data/split.ts'
import { readTokenExamples } from '../../lib/data/token-examples.ts'
import { TorchLoraError } from '../../lib/errors.ts'

const dataset = new URL('fixtures/dataset', import.meta.url).pathname
const first = join(dataset, 'data/train-00000-of-00002.parquet')
const names = ['billing', 'bug', 'praise']

const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => Promise.reject(new Error('expected a failure')),
    (thrown) => {
      expect(thrown).toBeInstanceOf(TorchLoraError)
      return `${thrown.code}: ${thrown.message}`
    },
  )

describe('parquet', () => {
  it('gives the rows of every row group, class numbers by their names', async () => {
    const examples = await readExamples(first)
    expect(examples).toEqual(
      Array.from({ length: 7 }, (_, i) => ({
        text: `Grüße ${i}`,
        label: names[i % 3],
        file: first,
        line: i + 1,
      })),
    )
    expect(await readExamples(first, { columns: { label: null } })).toMatchObject([
      { text: 'Grüße 0' },
      {},
      {},
      {},
      {},
      {},
      {},
    ])
  })

  it('without the column that is asked for is refused, and its columns are listed', async () => {
    expect(await failure(readExamples(first, { columns: { text: 'body' } }))).toMatch(
      /^INVALID_FILE: .*no column "body" for text; the columns are "source", "text", "label"/,
    )
    expect(await failure(readExamples(first, { labelColumns: ['toxic'] }))).toMatch(
      /no column "toxic" of `labelColumns`/,
    )
    expect(await failure(readExamples(first, { labelColumns: ['text'] }))).toMatch(
      /parquet: row 1: key "text" of `labelColumns`: expected 0 or 1, received string "Grüße 0"/,
    )
  })

  it('that is none is refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parquet-'))
    const file = join(folder, 'a.parquet')
    for (const bytes of ['', 'PAR1', 'text,label\na,b\n', `PAR1${'x'.repeat(100)}PAR1`]) {
      await writeFile(file, bytes)
      expect(await failure(readExamples(file))).toMatch(
        /INVALID_FILE: .*a\.parquet: cannot be read as parquet .*; write it anew/,
      )
    }
    // A schema of more columns than are described: the number of the root's children, 3 as a zigzag varint.
    const bytes = await readFile(first)
    const root = bytes.lastIndexOf('schema\x15\x06')
    expect(root).toBeGreaterThan(0)
    bytes[root + 7] = 0x7e
    await writeFile(file, bytes)
    expect(await failure(readExamples(file))).toMatch(/INVALID_FILE: .*a\.parquet: cannot be read as parquet/)
    expect(await failure(readExamples(join(folder, 'nowhere.parquet')))).toMatch(/INVALID_FILE.*nowhere/)
    expect(await failure(readExamples(join(folder, 'a.parquet.gz')))).toMatch(
      /INVALID_FILE: .*a\.parquet\.gz: parquet is packed within.*unpack the \.gz/,
    )
  })
})

describe('a data set of the hub', () => {
  it('is read by its parts, in the order of their files', async () => {
    const train = await readExamples(dataset)
    expect(train.map(({ text }) => text)).toEqual(Array.from({ length: 12 }, (_, i) => `Grüße ${i}`))
    expect(await readExamples(dataset, { split: 'validation' })).toHaveLength(3)
    expect(await failure(readExamples(dataset, { split: 'test' }))).toMatch(
      /no file of the part test; it has train, validation/,
    )
  })

  it('has parts by the names of files or folders; without any it is training data', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dataset-'))
    await mkdir(join(folder, 'dev'))
    await writeFile(join(folder, 'my_train.csv'), 'text,label\na,b\n')
    await writeFile(join(folder, 'dev', 'part.jsonl'), '{"text":"a","label":"b"}\n')
    await writeFile(join(folder, 'dataset_infos.json'), '{}')
    await writeFile(join(folder, 'README.md'), 'training data')
    expect(await readDatasetFolder(folder)).toEqual({
      train: [join(folder, 'my_train.csv')],
      validation: [join(folder, 'dev', 'part.jsonl')],
      test: [],
    })
    const other = await mkdtemp(join(tmpdir(), 'dataset-'))
    await rename(join(folder, 'my_train.csv'), join(other, 'contest.csv'))
    expect((await readDatasetFolder(other)).train).toHaveLength(1)
  })

  it('of Arrow files, or of nothing, says what to do', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dataset-'))
    expect(await failure(readExamples(folder))).toMatch(/holds no data: expected \.parquet/)
    await writeFile(join(folder, 'data-00000-of-00001.arrow'), '')
    expect(await failure(readExamples(folder))).toMatch(/Arrow files.*to_parquet/)
  })
})

describe('gzip', () => {
  it('is unpacked whatever is in it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gzip-'))
    const texts = { 'a.jsonl.gz': '{"text":"ä","label":"x"}\n', 'a.csv.gz': '\ufefftext,label\nä,x\n' }
    for (const [name, text] of Object.entries(texts)) {
      await writeFile(join(folder, name), gzipSync(text))
      expect(await readExamples(join(folder, name))).toMatchObject([{ text: 'ä', label: 'x' }])
    }
    const write = async (name: string, text: string) => {
      await writeFile(join(folder, name), gzipSync(text))
      return join(folder, name)
    }
    expect(await readExamples(await write('B.JSONL.GZ', texts['a.jsonl.gz']))).toMatchObject([{ text: 'ä' }])
    const triplet = '{"anchor":"ä","positive":"b"}\n'
    expect(await readSimilarityExamples(await write('c.jsonl.gz', triplet))).toMatchObject([
      { texts: ['ä', 'b'] },
    ])
    const question = '{"question":"q","context":"ä","answers":[{"text":"ä","start":0}]}\n'
    expect(await readQuestionExamples(await write('d.ndjson.Gz', question))).toMatchObject([{ context: 'ä' }])
    const words = '{"words":["ä"],"tags":["O"]}\n'
    expect(await readTokenExamples(await write('e.jsonl.gz', words))).toMatchObject([{ words: ['ä'] }])
    const conll = await write('f.conll.gz', 'ä\tO\n')
    expect(await readTokenExamples(conll)).toMatchObject([{ words: ['ä'], tags: ['O'] }])
    for (const file of [conll, join(folder, 'e.jsonl.gz')])
      expect(await readTagInputs(file, {})).toEqual([{ words: ['ä'], file, line: 1 }])
    const cut = join(folder, 'cut.jsonl.gz')
    await writeFile(cut, gzipSync('{"text":"a"}\n'.repeat(1000)).subarray(0, 40))
    expect(await failure(readExamples(cut))).toMatch(/INVALID_FILE: .*cut\.jsonl\.gz: cannot be read/)
    await writeFile(cut, 'plain')
    expect(await failure(readExamples(cut))).toMatch(/INVALID_FILE/)
  })
})

describe('splitting off', () => {
  const examples: Example[] = Array.from({ length: 100 }, (_, i) => ({
    text: `text ${i}`,
    label: i < 70 ? 'a' : i < 98 ? 'b' : i === 98 ? 'rare' : 'c',
  }))

  it('takes of every class its share, always the same rows, and leaves none without', () => {
    const { train, evaluate } = splitExamples(examples, { share: 0.2 })
    const count = (of: readonly Example[], label: string) => of.filter((each) => each.label === label).length
    expect([count(evaluate, 'a'), count(evaluate, 'b'), count(evaluate, 'rare')]).toEqual([14, 6, 0])
    expect([...train, ...evaluate].map(({ text }) => text).sort()).toEqual(
      examples.map(({ text }) => text).sort(),
    )
    expect(splitExamples(examples, { share: 0.2 })).toEqual({ train, evaluate })
    expect(splitExamples(examples, { share: 0.2, seed: 1 }).evaluate).not.toEqual(evaluate)
    const scores = examples.map(({ text }, i) => ({ text, label: i / 7 + 0.01 }))
    expect(splitExamples(scores, { share: 0.1 }).evaluate).toHaveLength(10)
  })
})

describe('a look at the data', () => {
  it('counts what is shared, repeated and contradicted', () => {
    const train: Example[] = [
      { text: 'Where is my bill?', label: 'billing' },
      { text: 'Where is my bill?', label: 'bug' },
      { text: 'where is MY bill', label: 'billing' },
      { text: 'It crashed.', label: 'bug' },
      { text: '¿?', label: 'bug' },
      { text: '!!', label: 'bug' },
    ]
    const evaluate: Example[] = [
      { text: 'It crashed.', label: 'bug' },
      { text: 'it crashed 2!', label: 'bug' },
      { text: 'New', label: 'praise' },
    ]
    const findings = examineExamples(train, evaluate)
    expect(findings).toMatchObject({
      repeated: 1,
      nearlyRepeated: 1,
      conflicts: 1,
      shared: 1,
      sharedExample: evaluate[0],
      nearlyShared: 1,
      classes: [
        { label: 'bug', train: 4, evaluate: 2 },
        { label: 'billing', train: 2, evaluate: 0 },
        { label: 'praise', train: 0, evaluate: 1 },
      ],
    })
    expect(describeFindings(findings, { evaluated: 3 })).toEqual([
      '1 of 3 texts to measure on (33 %) are in the training data too, such as "It crashed.": the measurement will flatter.',
      '1 more differ from a training text in case, spaces, punctuation or digits alone.',
      '1 training texts repeat an earlier one.',
      '1 training texts nearly repeat an earlier one.',
      '1 training texts have more than one label.',
    ])
    expect(describeFindings(examineExamples(evaluate.slice(1), []), { evaluated: 0 })).toEqual([])
  })
})
