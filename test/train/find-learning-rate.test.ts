import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { AdaLoraConfig } from '../../lib/adapters/adalora-config.ts'
import { applyAdapter, applyLora } from '../../lib/adapters/apply.ts'
import { loraState } from '../../lib/adapters/state.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { AdamW } from '../../lib/optim/adamw.ts'
import { rngState, withSeed } from '../../lib/random.ts'
import { AutoTokenizer, type Tokenizer } from '../../lib/tokenizer/index.ts'
import { findLearningRate } from '../../lib/train/find-learning-rate.ts'
import { fallingRate } from '../../lib/train/suggest-rate.ts'
import { Trainer } from '../../lib/train/trainer.ts'
import { cli } from '../cli/run.ts'
import { tinyExamples, tinyModel } from './tiny.ts'

let folder: string
let tokenizer: Tokenizer

beforeAll(async () => {
  folder = await tinyModel()
  tokenizer = await AutoTokenizer.fromPretrained(folder)
  return () => tokenizer.close()
})

async function settings() {
  const model = await AutoModelForSequenceClassification.fromPretrained(folder)
  withSeed(5, () => applyLora(model, { r: 2, loraAlpha: 4, loraDropout: 0.1 }))
  return { model, tokenizer, train: tinyExamples(48), batchSize: 8 }
}

const rates = Array.from({ length: 121 }, (_, i) => 10 ** (-6 + i / 20))
const noise = (i: number) => 0.02 * Math.sin(i * 12.9898)

describe('fallingRate', () => {
  it('is where the loss falls fastest', () => {
    // A logistic fall by half around 1e-3, and a breakout beyond 0.1.
    const points = rates.map((learningRate, i) => {
      const x = Math.log10(learningRate)
      return {
        learningRate,
        loss: 0.7 - 0.5 / (1 + Math.exp(-4 * (x + 3))) + Math.max(0, x + 1) ** 2 + noise(i),
      }
    })
    const found = fallingRate(points)!
    expect(Math.abs(Math.log10(found) + 3)).toBeLessThan(0.15)
  })

  it('is null where it only moves with the batches, or rises, or hardly began', () => {
    expect(fallingRate(rates.map((learningRate, i) => ({ learningRate, loss: 0.7 + noise(i) })))).toBeNull()
    expect(fallingRate(rates.map((learningRate, i) => ({ learningRate, loss: i + noise(i) })))).toBeNull()
    expect(fallingRate([])).toBeNull()
    expect(fallingRate([{ learningRate: 1e-6, loss: 1 }])).toBeNull()
  })
})

describe('findLearningRate', { timeout: 120_000 }, () => {
  it('finds a rate that teaches, the same each time, and leaves model and generator as they were', async () => {
    const run = await settings()
    const bytes = () => run.model.trainableParameters().map(([, parameter]) => parameter.readSync().slice())
    const [before, generator] = [bytes(), rngState()]
    const seen: number[] = []
    const found = await findLearningRate(run, { onPoint: ({ learningRate }) => seen.push(learningRate) })
    expect(bytes()).toEqual(before)
    expect(rngState()).toEqual(generator)
    expect(run.model.trainableParameters().every(([, parameter]) => !parameter.grad)).toBe(true)
    expect(seen).toEqual(found.points.map(({ learningRate }) => learningRate))
    expect(found.points[0]!.learningRate).toBeCloseTo(1e-6, 12)
    expect(found.points.length).toBeGreaterThan(60)
    expect((await findLearningRate(run)).points).toEqual(found.points)

    expect(found.learningRate).toBeGreaterThan(1e-4)
    expect(found.learningRate).toBeLessThan(0.5)
    const loss = async (learningRate: number) => {
      const own = await settings()
      const summary = await new Trainer({
        ...own,
        evaluate: tinyExamples(32, 200),
        learningRate,
        headLearningRate: learningRate,
        epochs: 10,
      }).train()
      return summary.final!.metrics.loss!
    }
    expect(await loss(found.learningRate!)).toBeLessThan(0.9 * (await loss(found.points[0]!.learningRate)))
  })

  it('leaves the ranks of AdaLoRA as they were, which the run shrinks by its own length', async () => {
    const model = await AutoModelForSequenceClassification.fromPretrained(folder)
    applyAdapter(model, new AdaLoraConfig({ initR: 4, targetR: 1, tinit: 25 }))
    const state = loraState(model)
    const ranks = () =>
      Array.from(state.layers, ([path, layer]) => [path, ...layer.constants().map((each) => each.readSync())])
    const before = [ranks(), state.config.toJson(null)]
    // 36 updates of the run, of which the search, shorter than tinit, must not complain.
    const run = { model, tokenizer, train: tinyExamples(48), batchSize: 8, epochs: 6 }
    const { points } = await findLearningRate(run, { updates: 20 })
    expect(points).toHaveLength(20)
    expect([ranks(), state.config.toJson(null)]).toEqual(before)
    await findLearningRate(run, { updates: 40 }) // ranks shrink meanwhile
    expect([ranks(), state.config.toJson(null)]).toEqual(before)
    await new Trainer(run).train()
    expect(state.config).toMatchObject({ totalStep: 36 })
    expect(ranks()).not.toEqual(before[0])
  })

  it('refuses a range that is upside down, too few updates, an optimizer with a memory, and stops', async () => {
    const run = await settings()
    const refuses = (options: object, sweep: object, message: RegExp) =>
      expect(findLearningRate({ ...run, ...options }, sweep)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(message),
      })
    await refuses({}, { from: 1, to: 1e-3 }, /`from` is 1 and `to` is 0\.001/)
    await refuses({}, { updates: 5 }, /updates must be a whole number of at least 20/)
    await refuses({}, { start: 1 }, /no option 'start'/)
    await refuses({ batchSize: 0 }, {}, /batchSize/)
    using optimizer = new AdamW(run.model.trainableParameters())
    await refuses({ optimizer }, {}, /an optimizer that is made already/)
    await expect(findLearningRate(run, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    })
  })
})

describe('train --find-lr', { timeout: 180_000 }, () => {
  it('trains with what it finds, keeps the curve, and the report draws it', async () => {
    const data = await mkdtemp(join(tmpdir(), 'find-lr-'))
    const lines = (count: number, offset = 0) =>
      tinyExamples(count, offset)
        .map((example) => `${JSON.stringify(example)}\n`)
        .join('')
    await writeFile(join(data, 'train.jsonl'), lines(48))
    await writeFile(join(data, 'dev.jsonl'), lines(32, 200))
    const out = join(data, 'run')
    const [train, dev] = [join(data, 'train.jsonl'), join(data, 'dev.jsonl')]
    const args = ['train', '--model', folder, '--train', train, '--eval', dev]
    const { stderr } = await cli([...args, '--out', out, '--find-lr', '--epochs', '2'])
    expect(stderr).toMatch(/The loss falls fastest around a learning rate of [\d.e-]+, which is taken\./)
    const found = JSON.parse(await readFile(join(out, 'learning-rates.json'), 'utf8'))
    const summary = JSON.parse(await readFile(join(out, 'summary.json'), 'utf8'))
    expect(summary.settings.learningRate).toBe(found.learningRate)
    expect(summary.settings.headLearningRate).toBe(found.headLearningRate)
    const page = join(data, 'report.html')
    await cli(['report', out, '--out', page])
    expect(await readFile(page, 'utf8')).toContain('Loss of each update of the search for the learning rate')
    // A resumed run takes what was found.
    const again = await cli([...args, '--out', out, '--find-lr', '--epochs', '2', '--resume'])
    expect(again.stderr).toContain(`around a learning rate of ${found.learningRate}`)
    expect(again.stderr).not.toMatch(/looking for/)
    // What a search of another run left behind is none of this one's.
    const other = join(data, 'other')
    await mkdir(other)
    const left = { learningRate: 0.123, headLearningRate: 0.123, points: [] }
    await writeFile(join(other, 'learning-rates.json'), JSON.stringify(left))
    const fresh = await cli([...args, '--out', other, '--find-lr', '--max-steps', '2'])
    expect(fresh.code).toBe(0)
    expect(fresh.stderr).not.toContain('0.123')
    // What does not fit is said before anything is looked for.
    for (const [flag, value, message] of [
      ['--metric', 'bleu', /bestMetric 'bleu'/],
      ['--mlflow', 'nowhere', /expected the address of a tracking server/],
    ] as const) {
      const wrong = await cli([...args, '--out', join(data, 'wrong'), '--find-lr', flag, value])
      expect(wrong.code).toBe(1)
      expect(wrong.stderr).toMatch(message)
      expect(wrong.stderr).not.toMatch(/looking for|The loss falls/)
    }
    const both = await cli([...args, '--out', other, '--find-lr', '--lr', '1e-3'])
    expect(both.code).not.toBe(0)
    expect(both.stderr).toMatch(/'--find-lr' cannot be used with option '--lr/)
  })
})
