import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadAdapter, saveAdapter } from '../../lib/adapters/adapter.ts'
import { applyLora } from '../../lib/adapters/apply.ts'
import { mergeLora, unloadLora } from '../../lib/adapters/merge.ts'
import { setAdapter } from '../../lib/adapters/state.ts'
import { Random } from '../../lib/data/random.ts'
import { fitTemperature } from '../../lib/data/temperature.ts'
import { TextClassifier } from '../../lib/inference/text-classifier.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { withSeed } from '../../lib/random.ts'
import { SequenceClassification } from '../../lib/tasks/sequence-classification.ts'
import { AutoTokenizer } from '../../lib/tokenizer/index.ts'
import { calibrate } from '../../lib/train/calibrate.ts'
import { Trainer } from '../../lib/train/trainer.ts'
import { tinyExamples, tinyModel } from './tiny.ts'

const python = process.env.TORCH_LORA_PYTHON

/** Logits that are `factor` times too far apart for how often their labels hold. */
function overconfident({ rows = 400, classes = 3, factor = 3, seed = 1 } = {}) {
  const random = new Random(seed)
  const uniform = () => random.uint32() / 2 ** 32
  const logits: number[][] = []
  const labels: number[] = []
  for (let i = 0; i < rows; i++) {
    const row = Array.from({ length: classes }, () => 4 * uniform() - 2)
    const weights = row.map(Math.exp)
    let at = uniform() * weights.reduce((a, b) => a + b)
    let label = 0
    while (label < classes - 1 && at > weights[label]!) at -= weights[label++]!
    logits.push(row.map((value) => value * factor))
    labels.push(label)
  }
  return { logits, labels }
}

const crossEntropy = (logits: number[][], labels: number[], temperature: number) =>
  logits.reduce((sum, row, i) => {
    const cooled = row.map((value) => value / temperature)
    return sum + Math.log(cooled.reduce((all, value) => all + Math.exp(value), 0)) - cooled[labels[i]!]!
  }, 0)

describe('fitTemperature', () => {
  it.each([
    [3, 3],
    [2, 0.4],
    [7, 1.5],
    [4, 0.02],
  ])('finds the least cross-entropy of %d classes, logits %f times too large', (classes, factor) => {
    const { logits, labels } = overconfident({ classes, factor })
    const found = fitTemperature(logits, labels)!
    expect(found / factor).toBeGreaterThan(0.7)
    expect(found / factor).toBeLessThan(1.4)
    const least = crossEntropy(logits, labels, found)
    for (const other of [0.999, 1.001, 0.9, 1.1])
      expect(crossEntropy(logits, labels, found * other)).toBeGreaterThan(least)
  })

  it('of several labels, every decision counts', () => {
    const { logits, labels } = overconfident({ classes: 2 })
    // Two outputs of which the second is 0: a decision by the difference of the logits.
    const decisions = logits.map(([a, b]) => [a! - b!])
    const holds = labels.map((label) => 1 - label)
    const several = fitTemperature(decisions, holds, { multiLabel: true })!
    expect(several).toBeCloseTo(fitTemperature(logits, labels)!, 8)
  })

  it('fits nothing to answers that are all right, all wrong, or not numbers', () => {
    const logits = [
      [1, -1],
      [-1, 1],
    ]
    expect(fitTemperature(logits, [0, 1])).toBeNull()
    expect(fitTemperature(logits, [1, 0])).toBeNull()
    expect(fitTemperature([[Number.NaN, 1]], [0])).toBeNull()
  })

  it.skipIf(!python)("is scikit-learn's (skipped without TORCH_LORA_PYTHON)", () => {
    for (const seed of [1, 2, 3]) {
      const given = overconfident({ classes: 1 + seed, factor: seed, seed })
      const script = resolve(import.meta.dirname, '../../scripts/parity/temperature.py')
      const theirs = Number(execFileSync(python!, [script], { input: JSON.stringify(given) }))
      expect(fitTemperature(given.logits, given.labels)! / theirs).toBeCloseTo(1, 3)
    }
  })
})

describe('a calibrated model', () => {
  it('says before and after, and leaves regression alone', () => {
    const task = new SequenceClassification({
      labels: ['a', 'b', 'c'],
      problemType: 'single_label_classification',
    })
    const { logits, labels } = overconfident()
    const outputs = logits.map((row) => Float32Array.from(row))
    const values = { values: Int32Array.from(labels), shape: [labels.length] }
    const { temperature, ece } = task.calibrate(outputs, values)
    expect(temperature).toBe(task.temperature)
    expect(ece.after).toBeLessThan(ece.before / 2)
    expect(task.details(outputs, values)!.calibrated).toEqual({ temperature, ece })
    expect(task.score(outputs, values, ['ece']).ece).toBe(ece.after)
    const plain = new SequenceClassification({ labels: ['a', 'b', 'c'], problemType: task.problemType })
    const scores = plain.score(outputs, values, ['accuracy', 'macro_f1'])
    expect(scores).toHaveProperty('loss')
    expect(task.score(outputs, values, ['accuracy', 'macro_f1'])).toEqual(scores)
  })

  it('keeps its temperature in config.json and in an adapter, and TextClassifier applies it', async () => {
    const directory = await tinyModel()
    const tokenizer = await AutoTokenizer.fromPretrained(directory)
    using model = await AutoModelForSequenceClassification.fromPretrained(directory)
    withSeed(1, () => applyLora(model, { r: 2 }))
    await new Trainer({ model, tokenizer, train: tinyExamples(40), epochs: 15 }).train()
    const plainFolder = await mkdtemp(join(tmpdir(), 'plain-'))
    await mergeLora(model).savePretrained(plainFolder)
    // It is sure of every answer, and of five texts one is labelled otherwise.
    const examples = tinyExamples(40).map(({ text, label }, i) => ({
      text,
      label: i % 5 > 0 ? label : label === 'good' ? 'bad' : 'good',
    }))
    const { temperature, ece } = await calibrate({ model, tokenizer, examples })
    expect(temperature).toBeGreaterThan(1)
    expect(ece.after).not.toBe(ece.before)
    const saved = await mkdtemp(join(tmpdir(), 'calibrated-'))
    await model.savePretrained(saved)
    const config = JSON.parse(await readFile(join(saved, 'config.json'), 'utf8'))
    expect(config.calibration_temperature).toBe(temperature)

    await using before = await TextClassifier.load(plainFolder)
    await using after = await TextClassifier.load(saved)
    const [plain, cooled] = [await before.classify('a fine play'), await after.classify('a fine play')]
    expect(cooled.logits).toEqual(plain.logits)
    expect(cooled.label).toBe(plain.label)
    const odds = (score: number) => Math.log(score / (1 - score))
    expect(odds(cooled.score)).toBeCloseTo(odds(plain.score) / temperature, 4)

    // Another adapter has its own head, and so its own temperature.
    applyLora(model, { r: 2 })
    model.task.temperature = 2.5
    const adapter = join(saved, 'adapter')
    await saveAdapter(model, adapter)
    applyLora(model, { r: 2 }, { adapterName: 'other' })
    setAdapter(model, 'other')
    expect(model.task.temperature).toBe(temperature)
    setAdapter(model, 'default')
    expect(model.task.temperature).toBe(2.5)
    unloadLora(model)
    expect(model.task.temperature).toBe(temperature)
    await loadAdapter(model, adapter)
    expect(model.task.temperature).toBe(2.5)
    expect(mergeLora(model).task.temperature).toBe(2.5)
    await using served = await TextClassifier.load(saved, { adapters: { own: adapter } })
    expect(odds((await served.classify('a fine play', { adapter: 'own' })).score)).toBeCloseTo(
      odds(plain.score) / 2.5,
      4,
    )
    expect(odds((await served.classify('a fine play')).score)).toBeCloseTo(odds(plain.score) / temperature, 4)
    await tokenizer.close()
  })

  it('is forgotten by training, and by a head of other labels', async () => {
    const directory = await tinyModel()
    const file = join(directory, 'config.json')
    const config = JSON.parse(await readFile(file, 'utf8'))
    await writeFile(file, JSON.stringify({ ...config, calibration_temperature: 3 }))
    const tokenizer = await AutoTokenizer.fromPretrained(directory)
    using other = await AutoModelForSequenceClassification.fromPretrained(directory, {
      labels: ['x', 'y', 'z'],
      head: 'fresh',
    })
    expect(other.task.temperature).toBe(1)
    using model = await AutoModelForSequenceClassification.fromPretrained(directory)
    expect(model.task.temperature).toBe(3)
    applyLora(model, { r: 2 })
    await new Trainer({ model, tokenizer, train: tinyExamples(8), maxSteps: 1 }).train()
    expect(model.task.temperature).toBe(1)
    const saved = await mkdtemp(join(tmpdir(), 'trained-'))
    await mergeLora(model).savePretrained(saved)
    expect(JSON.parse(await readFile(join(saved, 'config.json'), 'utf8'))).not.toHaveProperty(
      'calibration_temperature',
    )
    await writeFile(file, JSON.stringify({ ...config, calibration_temperature: 0 }))
    await expect(AutoModelForSequenceClassification.fromPretrained(directory)).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringContaining('calibration_temperature'),
    })
    await tokenizer.close()
  })

  it('is not fitted to scores', async () => {
    const directory = await tinyModel({ labels: ['score'] })
    const tokenizer = await AutoTokenizer.fromPretrained(directory)
    using model = await AutoModelForSequenceClassification.fromPretrained(directory)
    await expect(calibrate({ model, tokenizer, examples: [{ text: 'x', label: 1 }] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('a score'),
    })
    await tokenizer.close()
  })
})
