import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { tinyClassifier } from '../inference/models.ts'
import { fixtures } from '../models/golden.ts'
import { tinyExamples, tinyModel } from '../train/tiny.ts'
import { cli, type Result } from './run.ts'

let folder: string
let base: string
let train: string
let dev: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-'))
  base = await tinyModel()
  train = join(folder, 'train.jsonl')
  dev = join(folder, 'dev.jsonl')
  const lines = (examples: object[]) => examples.map((example) => `${JSON.stringify(example)}\n`).join('')
  await writeFile(train, lines(tinyExamples(96)))
  await writeFile(dev, lines(tinyExamples(32, 200)))
})

const trainArgs = (out: string, ...more: string[]) => [
  'train',
  '--model',
  base,
  '--train',
  train,
  '--eval',
  dev,
  '--out',
  out,
  '--lr',
  '1e-2',
  '--batch-size',
  '8',
  ...more,
]

describe('the main job by the CLI', { timeout: 180_000 }, () => {
  it('trains, evaluates, merges and predicts', async () => {
    const run = join(folder, 'run')
    const trained = await cli(trainArgs(run, '--epochs', '6', '--r', '4', '--json'))
    expect(trained.stderr).toMatch(/parameters train/)
    expect(trained.code).toBe(0)
    const summary = JSON.parse(await readFile(join(run, 'summary.json'), 'utf8'))
    expect(JSON.parse(trained.stdout)).toEqual(summary)
    expect(summary).toMatchObject({ task: null, method: 'lora', steps: 72, configuration: { r: 4 } })
    expect(summary.optimizerStateBytes).toBe(8 * summary.trainableParameters)
    expect(summary.best.metrics.accuracy).toBeGreaterThan(0.9)
    const metrics = (await readFile(join(run, 'metrics.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(metrics.filter(({ type }) => type === 'evaluation')).toHaveLength(6)
    expect(metrics.filter(({ type }) => type === 'step').map(({ step }) => step)).toEqual([
      10, 20, 30, 40, 50, 60, 70, 72,
    ])

    const adapter = join(run, 'adapter')
    const evaluated = await cli(['evaluate', '--model', base, '--adapter', adapter, '--eval', dev, '--json'])
    expect(JSON.parse(evaluated.stdout)).toMatchObject({
      examples: 32,
      accuracy: summary.best.metrics.accuracy,
    })

    const merged = join(folder, 'merged')
    expect((await cli(['merge', '--model', base, '--adapter', adapter, '--out', merged])).code).toBe(0)
    expect(existsSync(join(merged, 'vocab.txt'))).toBe(true)

    const input = join(folder, 'input.jsonl')
    await writeFile(
      input,
      '{"text":"the film was great."}\n{"text":""}\n{"text":"her song","textPair":"was dull."}\n',
    )
    const fromMerged = await cli(['predict', '--model', merged, '--input', input, '--json'])
    const fromAdapter = await cli([
      'predict',
      '--model',
      base,
      '--adapter',
      adapter,
      '--input',
      input,
      '--json',
    ])
    const lines = (result: Result) =>
      result.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    expect(fromMerged.code).toBe(0)
    expect(lines(fromMerged)).toHaveLength(3)
    for (const [i, line] of lines(fromMerged).entries()) {
      expect(['good', 'bad']).toContain(line.label)
      expect(line.score).toBeGreaterThanOrEqual(0.5)
      expect(line.logits).toHaveLength(2)
      for (const [j, logit] of line.logits.entries())
        expect(logit).toBeCloseTo(lines(fromAdapter)[i].logits[j], 4)
    }
    expect(lines(fromMerged)[0].label).toBe('good')
    const inInt8 = await cli(['predict', '--model', merged, '--input', input, '--json', '--dtype', 'int8'])
    for (const [i, line] of lines(inInt8).entries()) {
      expect(line.logits).not.toEqual(lines(fromMerged)[i].logits)
      for (const [j, logit] of line.logits.entries())
        expect(Math.abs(logit - lines(fromMerged)[i].logits[j])).toBeLessThan(0.2)
    }
  })

  it("goes on from another run's adapter by its own method", async () => {
    const [first, second] = [join(folder, 'ia3'), join(folder, 'ia3-again')]
    expect((await cli(trainArgs(first, '--method', 'ia3', '--max-steps', '2'))).code).toBe(0)
    const again = trainArgs(second, '--adapter', join(first, 'adapter'), '--max-steps', '2')
    expect((await cli(again)).code).toBe(0)
    expect(JSON.parse(await readFile(join(second, 'summary.json'), 'utf8')).method).toBe('ia3')
    expect(await readFile(join(second, 'adapter', 'README.md'), 'utf8')).toMatch(
      /Trained by torch-lora \(ia3\)/,
    )
  })

  it('measures what --metrics and --metric name, and lists what there is of a wrong one', async () => {
    const run = join(folder, 'metrics')
    const asked = ['--metrics', 'f1', '--metric', 'roc_auc', '--max-steps', '2']
    expect((await cli(trainArgs(run, ...asked))).code).toBe(0)
    const { bestMetric, best } = JSON.parse(await readFile(join(run, 'summary.json'), 'utf8'))
    expect(bestMetric).toBe('roc_auc')
    expect(Object.keys(best.metrics)).toEqual(['loss', 'f1', 'roc_auc'])
    const { metrics } = JSON.parse(await readFile(join(run, 'evaluation.json'), 'utf8'))
    expect(Object.keys(metrics)).toEqual(['loss', 'f1', 'roc_auc'])
    const wrong = await cli(trainArgs(join(folder, 'no-metric'), '--metrics', 'f1,bleu'))
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toMatch(/has no "bleu"; it has accuracy, .*roc_auc/)
    expect(existsSync(join(folder, 'no-metric'))).toBe(false)
  })

  it.each([
    [['--full', '--r', '4'], /'--full' cannot be used with option '--r/],
    [['--full', '--method', 'ia3'], /'--full' cannot be used with option '--method/],
    [
      ['--method', 'lorafa', '--optimizer', 'muon'],
      /lorafa is an optimizer of its own: leave --optimizer muon/,
    ],
    [
      ['--schedule-power', '3'],
      /--schedule-power is of the schedule 'polynomial' .* not be heeded by 'linear'/,
    ],
    [
      ['--schedule', 'polynomial', '--schedule-cycles', '3'],
      /--schedule-cycles is of .*'cosine_with_restarts'/,
    ],
  ])('%j, of which one would not be heeded, is refused', async (flags, message) => {
    const run = join(folder, 'unheeded')
    const { code, stderr } = await cli(trainArgs(run, ...flags))
    expect(code).not.toBe(0)
    expect(stderr).toMatch(message)
    expect(existsSync(run)).toBe(false)
  })

  it('trains in full and writes a model', async () => {
    const run = join(folder, 'full')
    expect((await cli(trainArgs(run, '--full', '--epochs', '1', '--lr', '1e-3'))).code).toBe(0)
    expect(existsSync(join(run, 'model', 'model.safetensors'))).toBe(true)
  })

  it('saves and exits with 130 on Ctrl-C, and resumes to the same adapter', async () => {
    const whole = join(folder, 'whole')
    const parts = join(folder, 'parts')
    const settings = ['--epochs', '12', '--log-every', '1']
    expect((await cli(trainArgs(whole, ...settings))).code).toBe(0)
    const stopped = await cli(trainArgs(parts, ...settings), {
      onError(text, kill) {
        if (/epoch 1\.00/.test(text)) kill('SIGINT')
      },
    })
    expect(stopped.code).toBe(130)
    expect(stopped.stderr).toMatch(/a checkpoint is saved\. Go on with the same command and --resume/)
    expect(existsSync(join(parts, 'adapter'))).toBe(false)
    const refused = await cli(trainArgs(parts, ...settings))
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/already holds a run/)
    expect((await cli(trainArgs(parts, ...settings, '--resume'))).code).toBe(0)
    const file = (run: string) => readFile(join(run, 'adapter', 'adapter_model.safetensors'))
    expect((await file(parts)).equals(await file(whole))).toBe(true)
    const steps = (await readFile(join(parts, 'metrics.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ type }) => type === 'step')
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 144 }, (_, i) => i + 1))
  })
})

describe('wrong input to the CLI', () => {
  const refusals: [what: string, args: () => string[], message: RegExp][] = [
    ['no data', () => ['train', '--model', base, '--out', join(folder, 'x')], /--task NAME, or --train FILE/],
    [
      'an unknown task',
      () => ['train', '--model', base, '--task', 'nope', '--out', join(folder, 'x')],
      /nope/,
    ],
    [
      'a missing file',
      () => ['train', '--model', base, '--train', join(folder, 'gone.jsonl'), '--out', join(folder, 'x')],
      /gone\.jsonl/,
    ],
    [
      'a type that is none',
      () => ['predict', '--model', base, '--input', dev, '--dtype', 'int4'],
      /expected one of float32, bfloat16, bf16, float16, fp16, auto, int8/,
    ],
    [
      'a type that frozen weights may have, as that of all',
      () => trainArgs(join(folder, 'x'), '--dtype', 'nf4'),
      /expected one of float32, .*, auto\. --base-dtype keeps frozen weights in int8 or nf4/,
    ],
    [
      'a type that every object has a word for',
      () => ['predict', '--model', base, '--input', dev, '--dtype', 'constructor'],
      /expected one of float32, .*, int8/,
    ],
    [
      'frozen weights in a type that is none',
      () => trainArgs(join(folder, 'x'), '--base-dtype', 'fp4'),
      /int8.*nf4.*fp4|fp4.*int8.*nf4/,
    ],
    [
      'frozen weights in 8 bits of a model in 16',
      () => trainArgs(join(folder, 'x'), '--base-dtype', 'int8', '--dtype', 'bf16'),
      /baseDtype 'int8' trains on float32 models on the CPU; this one is bfloat16 on cpu/,
    ],
    ['a missing model', () => ['predict', '--model', join(folder, 'gone'), '--input', dev], /gone/],
    ['a bad rank', () => trainArgs(join(folder, 'x'), '--r', '0'), /r must be a whole number of at least 1/],
    [
      'a target that is not there',
      () => trainArgs(join(folder, 'x'), '--target', 'q_proj'),
      /matches no Linear.*query/,
    ],
    [
      'a rank beside an adapter that has its own',
      () => trainArgs(join(folder, 'x'), '--adapter', join(folder, 'gone'), '--r', '4'),
      /'--adapter <dir>' cannot be used with option '--r <rank>'/,
    ],
    [
      'a method beside an adapter that has its own',
      () => trainArgs(join(folder, 'x'), '--adapter', join(folder, 'gone'), '--method', 'lora'),
      /'--adapter <dir>' cannot be used with option '--method <name>'/,
    ],
    [
      'an adapter that is not there, with the alpha that a loralib checkpoint wants',
      () => trainArgs(join(folder, 'x'), '--adapter', join(folder, 'gone'), '--alpha', '16'),
      /gone/,
    ],
    [
      'an option that does not exist',
      () => trainArgs(join(folder, 'x'), '--learn-rate', '1'),
      /unknown option/,
    ],
  ]
  it.each(refusals)('%s is one clear message', async (_, args, message) => {
    const result = await cli(args())
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(message)
    expect(result.stderr).not.toMatch(/\n\s+at /)
    expect(existsSync(join(folder, 'x'))).toBe(false)
  })

  it('names the line of a label outside the set', async () => {
    const file = join(folder, 'odd.jsonl')
    await writeFile(file, '{"text":"a","label":"good"}\n{"text":"b","label":"odd"}\n')
    const result = await cli(['evaluate', '--model', base, '--eval', file])
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(/odd\.jsonl, line 2/)
  })

  it('names a model file that is cut short, and leaves nothing behind', async () => {
    const cut = await mkdtemp(join(tmpdir(), 'cut-'))
    await cp(base, cut, { recursive: true })
    await truncate(join(cut, 'model.safetensors'), 20_000)
    const out = join(folder, 'from-cut')
    const result = await cli(['train', '--model', cut, '--train', train, '--eval', dev, '--out', out])
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(/cut-\w+\/model\.safetensors.*(truncated|bytes)/)
    expect(existsSync(out)).toBe(false)
  })

  it('refuses an adapter of another architecture, key by key', async () => {
    const adapter = `${fixtures}adapters/roberta-single--qv-r4`
    const out = join(folder, 'misfit')
    const result = await cli(['merge', '--model', base, '--adapter', adapter, '--out', out])
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(/does not fit this BertForSequenceClassification.*roberta.*no place/)
    expect(existsSync(out)).toBe(false)
  })

  it('cuts texts longer than the model takes, and says so once', async () => {
    const input = join(folder, 'long.jsonl')
    const long = JSON.stringify({ text: 'the film was great. '.repeat(200) })
    await writeFile(input, `${long}\n${long}\n{"text":"short"}\n`)
    const { code, stdout, stderr } = await cli(['predict', '--model', base, '--input', input])
    expect(code).toBe(0)
    expect(stdout.trim().split('\n')).toHaveLength(3)
    expect(stderr.match(/longer than the model takes/g)).toHaveLength(1)
    expect(stderr).toMatch(/2 texts .* \(64 tokens\) and were cut/)
  })

  it('every verb has help', async () => {
    for (const verb of ['train', 'evaluate', 'merge', 'predict', 'serve', 'doctor']) {
      const { code, stdout } = await cli([verb, '--help'])
      expect(code).toBe(0)
      expect(stdout).toMatch(/Usage: torch-lora/)
    }
  })
})

describe('what a label means', { timeout: 120_000 }, () => {
  /** Trains on a table of its own for one epoch, and gives what was said and the labels of the adapter. */
  async function trainOn(rows: string, ...more: string[]) {
    const file = join(await mkdtemp(join(tmpdir(), 'labels-')), 'train.csv')
    await writeFile(file, rows)
    const out = join(file, '..', 'run')
    const args = ['--model', bare, '--train', file, '--epochs', '1', '--out', out, ...more]
    const { code, stderr } = await cli(['train', ...args])
    const metadata = async () => {
      const bytes = await readFile(join(out, 'adapter', 'adapter_model.safetensors'))
      const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString())
      return [JSON.parse(header.__metadata__.labels), header.__metadata__.problem_type]
    }
    return { code, stderr, saved: code === 0 ? await metadata() : null }
  }
  let bare: string
  beforeAll(async () => {
    bare = await tinyClassifier({ headless: true })
  })

  it('comes from the training file alone, in one spelling', async () => {
    const rows = 'text,label\na,0\nb,1\nc,0\nd,1\n'
    const file = join(folder, 'dev.csv')
    await writeFile(file, 'text,label\na,0.0\nb,1.0\n')
    expect((await trainOn(rows, '--eval', file)).saved).toEqual([['0', '1'], 'single_label_classification'])
    await writeFile(file, 'text,label\na,0\nb,2\n')
    expect((await trainOn(rows, '--eval', file)).stderr).toMatch(
      /dev\.csv, line 3: the label "2" is not one of "0", "1"; correct the data, or add it to --labels/,
    )
  })
  it('is a score where numbers are not whole, or where that is said', async () => {
    expect((await trainOn('text,label\na,0.5\nb,1\nc,2.0\n')).saved).toEqual([['LABEL_0'], 'regression'])
    const stars = 'text,label\na,1\nb,2\nc,5\n'
    expect((await trainOn(stars)).saved).toEqual([['1', '2', '5'], 'single_label_classification'])
    expect((await trainOn(stars, '--problem-type', 'regression')).saved).toEqual([['LABEL_0'], 'regression'])
    expect((await trainOn(stars, '--problem-type', 'classes')).stderr).toMatch(/Allowed choices are/)
  })
  it('may be a column each', async () => {
    const rows = 'text,toxic,insult\na,1,0\nb,0,0\nc,0,1\n'
    const given = ['--label-columns', 'toxic,insult']
    expect((await trainOn(rows, ...given)).saved).toEqual([['toxic', 'insult'], 'multi_label_classification'])
    expect((await trainOn(rows)).stderr).toMatch(
      /train\.csv, line 1: no column "label" or "labels".* "toxic", "insult": name the right one in --label .* --label-columns/,
    )
  })
  it('is read from rows that fit their header only', async () => {
    expect((await trainOn('text,label\na,0\nb, and more,1\n')).stderr).toMatch(
      /train\.csv, line 3: 3 fields where the header has 2/,
    )
    const headless = ['--no-header', '--text', '1', '--label', '0']
    expect((await trainOn('0,a\n1,b\n', ...headless)).saved?.[0]).toEqual(['0', '1'])
  })
})

describe('what the system refuses', () => {
  it('is one message', async () => {
    const file = join(folder, 'a-file')
    await writeFile(file, '')
    const { code, stderr } = await cli(trainArgs(join(file, 'run'), '--epochs', '1'))
    expect(code).toBe(1)
    expect(stderr).toMatch(/torch-lora: .*a-file\/run: a file is where a folder should be/)
    expect(stderr).not.toMatch(/\n\s+at /)
  })
})

describe('the columns of predict', { timeout: 60_000 }, () => {
  it('are named as for train, and a file without a header by numbers', async () => {
    const file = join(folder, 'reviews.csv')
    await writeFile(file, 'stars,review\n5,"great, she said\n<br />"\n1,dull\n')
    const predict = (...more: string[]) => cli(['predict', '--model', base, '--input', file, ...more])
    expect((await predict('--text', 'review')).stdout.trim().split('\n')).toHaveLength(2)
    const { stderr } = await predict()
    expect(stderr).toMatch(
      /the columns are "stars", "review": name the right one in --text, or set --no-header/,
    )
    expect((await predict('--no-header', '--text', '1')).stdout.trim().split('\n')).toHaveLength(3)
  })
})

describe('the labels of a trained head', { timeout: 90_000 }, () => {
  it('are what is trained and measured; outputs without names may be given some', async () => {
    const file = join(folder, 'named.jsonl')
    await writeFile(file, '{"text":"a","label":"no"}\n{"text":"b","label":"yes"}\n')
    const out = join(folder, 'other')
    const train = (...more: string[]) =>
      cli(['train', '--model', base, '--train', file, '--epochs', '1', '--out', out, ...more])
    expect((await train()).stderr).toMatch(/named\.jsonl, line 1: the label "no" is not one of "bad", "good"/)
    expect((await train('--labels', 'no,yes')).stderr).toMatch(
      /trained head for bad, good .* \(--head fresh\)/,
    )
    expect(existsSync(out)).toBe(false)
    expect((await train('--head', 'fresh')).code).toBe(0)

    const evaluate = (model: string, ...more: string[]) =>
      cli(['evaluate', '--model', model, '--eval', file, '--json', ...more])
    expect((await evaluate(base, '--labels', 'no,yes')).stderr).toMatch(/config\.json says .* bad, good/)
    const unnamed = await tinyClassifier({ numLabels: 2 })
    expect((await evaluate(unnamed)).stderr).toMatch(/named\.jsonl, line 1: the label "no" is not one of/)
    const measured = await evaluate(unnamed, '--labels', 'no,yes')
    expect(JSON.parse(measured.stdout)).toMatchObject({ examples: 2, accuracy: expect.any(Number) })
    const adapter = join(out, 'adapter')
    expect(JSON.parse((await evaluate(base, '--adapter', adapter)).stdout)).toMatchObject({ examples: 2 })
    expect((await evaluate(base, '--adapter', adapter, '--head', 'keep')).stderr).toMatch(/"bad", "good"/)
  })
})
