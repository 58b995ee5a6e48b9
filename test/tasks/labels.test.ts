import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadAdapter } from '../../lib/adapters/adapter.ts'
import { mergeLora, unloadLora } from '../../lib/adapters/merge.ts'
import { mapTensors, readCheckpoint, tensorSources, writeSafetensors } from '../../lib/checkpoint/index.ts'
import { LabelSet } from '../../lib/data/index.ts'
import { loadModel } from '../../lib/inference/load-model.ts'
import { TextClassifier } from '../../lib/inference/text-classifier.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { readHeadLabels } from '../../lib/models/pretrained.ts'
import { SequenceClassification } from '../../lib/tasks/sequence-classification.ts'
import { trainingLabels } from '../../lib/tasks/training-labels.ts'
import { tinyAdapter, tinyClassifier } from '../inference/models.ts'

const text = 'the film was great.'
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))

/** An adapter as PEFT writes it: without label names, and without the head where none was trained. */
async function asPeft(adapter: string, { head = true } = {}): Promise<string> {
  const file = join(adapter, 'adapter_model.safetensors')
  const { entries } = await readCheckpoint(file)
  const kept = [...entries.values()].filter(({ name }) => head || !name.includes('classifier'))
  const directory = await mkdtemp(join(tmpdir(), 'peft-'))
  const sources = tensorSources(mapTensors(kept))
  await writeSafetensors(join(directory, 'adapter_model.safetensors'), sources, { format: 'pt' })
  const config = JSON.parse(await readFile(join(adapter, 'adapter_config.json'), 'utf8'))
  if (!head) config.modules_to_save = null
  await writeFile(join(directory, 'adapter_config.json'), JSON.stringify(config))
  return directory
}

/** Changes fields of a model's config.json; undefined takes one away. */
async function configure(directory: string, fields: Record<string, unknown>): Promise<string> {
  const file = join(directory, 'config.json')
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...fields }))
  return directory
}

/** What `classify` says of one text. */
async function classified(base: string, options: Parameters<typeof TextClassifier.load>[1] = {}) {
  await using classifier = await TextClassifier.load(base, { warmUp: false, problemType: 'auto', ...options })
  return await classifier.classify(text)
}

const labels = ['neg', 'neu', 'pos']

describe('facts of a base model and of its adapter', () => {
  it("an adapter of PEFT's keeps the base's names and problem, merged too", async () => {
    const base = await tinyClassifier({ labels, problemType: 'multi_label_classification' })
    const adapter = await asPeft(await tinyAdapter(base, { seed: 3 }))
    const found = await classified(base, { mergeAdapter: adapter })
    for (const { label, score } of found.scores)
      expect(score).toBeCloseTo(sigmoid(found.logits[labels.indexOf(label)]!), 6)
    const { model, tokenizer } = await loadModel(SequenceClassification, base, { adapter })
    const merged = await mkdtemp(join(tmpdir(), 'merged-'))
    await mergeLora(model).savePretrained(merged)
    await tokenizer.close()
    model.dispose()
    expect(JSON.parse(await readFile(join(merged, 'config.json'), 'utf8'))).toMatchObject({
      problem_type: 'multi_label_classification',
      id2label: { 0: 'neg', 1: 'neu', 2: 'pos' },
    })
    const again = await classified(merged)
    for (const [i, logit] of again.logits.entries()) expect(logit).toBeCloseTo(found.logits[i]!, 4)
  })

  it("an adapter without a head keeps the model's, as `head: 'keep'` does with one that has", async () => {
    const base = await tinyClassifier({ labels })
    const adapter = await tinyAdapter(base, { seed: 3 })
    const headless = await asPeft(adapter, { head: false })
    using model = await AutoModelForSequenceClassification.fromPretrained(base)
    await loadAdapter(model, adapter, { head: 'keep' })
    unloadLora(model)
    const kept = await classified(base, { mergeAdapter: adapter, head: 'keep' })
    const bare = await classified(base, { mergeAdapter: headless })
    for (const [i, logit] of bare.logits.entries()) expect(logit).toBeCloseTo(kept.logits[i]!, 5)
    expect(bare.label).toBe(kept.label)
    // Beside the base, by name, the same.
    await using beside = await TextClassifier.load(base, { adapters: { one: headless }, warmUp: false })
    const named = await beside.classify(text, { adapter: 'one' })
    for (const [i, logit] of named.logits.entries()) expect(logit).toBeCloseTo(kept.logits[i]!, 4)

    const encoder = await tinyClassifier({ labels, headless: true })
    await expect(classified(encoder, { mergeAdapter: headless })).rejects.toThrow(
      /no trained sequence-classification head/,
    )
    await expect(classified(encoder, { adapters: { one: headless } })).rejects.toThrow(/brings no head/)
  })

  it("an adapter's own names are its truth; PEFT's may be given", async () => {
    const base = await tinyClassifier({ labels })
    const adapter = await tinyAdapter(base, { seed: 3, labels: ['no', 'yes'] })
    expect(['no', 'yes']).toContain((await classified(base, { mergeAdapter: adapter })).label)
    await expect(classified(base, { mergeAdapter: adapter, labels: ['yes', 'no'] })).rejects.toThrow(
      /has a head of the labels no, yes; yes, no was asked for.*`head: 'keep'`/,
    )
    const peft = await asPeft(adapter)
    expect(['LABEL_0', 'LABEL_1']).toContain((await classified(base, { mergeAdapter: peft })).label)
    expect(['a', 'b']).toContain((await classified(base, { mergeAdapter: peft, labels: ['a', 'b'] })).label)
    await expect(classified(base, { mergeAdapter: peft, labels })).rejects.toThrow(/has a head of 2 outputs/)
  })
})

describe('labels given for a trained head', () => {
  it('are checked, never applied over it', async () => {
    const base = await tinyClassifier({ labels })
    expect(labels).toContain((await classified(base, { labels })).label)
    const code = { code: 'INCOMPATIBLE' }
    for (const other of [
      ['pos', 'neu', 'neg'],
      ['a', 'b', 'c'],
    ])
      await expect(classified(base, { labels: other })).rejects.toMatchObject(code)
    await expect(classified(base, { problemType: 'multi_label_classification' })).rejects.toMatchObject(code)
    using fresh = await AutoModelForSequenceClassification.fromPretrained(base, {
      labels: ['a', 'b', 'c'],
      head: 'fresh',
    })
    expect([fresh.task.labels, [...fresh.freshParameters].length]).toEqual([['a', 'b', 'c'], 2])
  })
  it('name outputs that have no names, and say a problem that nobody said', async () => {
    const base = await configure(await tinyClassifier({ numLabels: 3 }), { problem_type: null })
    expect(labels).toContain((await classified(base, { labels })).label)
    const found = await classified(base, { labels, problemType: 'multi_label_classification' })
    expect(found.score).toBeCloseTo(sigmoid(Math.max(...found.logits)), 6)
    await expect(classified(base, { problemType: 'regression' })).rejects.toThrow(/regression is one score/)
    await configure(base, { problem_type: 'regression' })
    await expect(classified(base)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})

describe('one output', () => {
  it('is a score where that is said, else a probability, and stays what it is when saved', async () => {
    const base = await tinyClassifier({ numLabels: 1 })
    const stated = await configure(base, { problem_type: 'regression' })
    const score = await classified(stated)
    expect(score.score).toBe(score.logits[0])
    const unstated = await configure(base, { problem_type: undefined })
    const probability = await classified(unstated)
    expect(probability.score).toBeCloseTo(sigmoid(probability.logits[0]!), 6)
    expect(probability.scores).toEqual([{ label: 'LABEL_0', score: probability.score }])
    using model = await AutoModelForSequenceClassification.fromPretrained(unstated)
    const saved = await mkdtemp(join(tmpdir(), 'saved-'))
    await model.savePretrained(saved)
    expect(JSON.parse(await readFile(join(saved, 'config.json'), 'utf8'))).not.toHaveProperty('problem_type')
  })
})

describe('what a model is trained for', () => {
  const of = (...found: (string | number | string[])[]) =>
    found.map((label, i) => ({ text: 'a', label, file: 'train.csv', line: i + 2 }))
  it('is what its trained head says', async () => {
    const own = await readHeadLabels(await tinyClassifier({ labels }))
    const set = trainingLabels(own, { train: of('pos', 'neg') })
    expect(set.names).toEqual(labels)
    expect(trainingLabels(own, { train: of(0, 2) }).encode(of(0, 2)).values).toEqual(Int32Array.of(0, 2))
    expect(() => trainingLabels(own, { train: of('a') }).encode(of('pos', 'a'))).toThrow(
      /train\.csv, line 3: the label "a" is not one of "neg", "neu", "pos"/,
    )
    expect(() => trainingLabels(own, { train: of('a', 'b'), names: ['a', 'b'] })).toThrow(/`head: 'fresh'`/)
    expect(() => trainingLabels(own, { train: of(['neg']), problemType: 'regression' })).toThrow(/regression/)
  })
  it('are names for the outputs of a head without names, where they are as many', async () => {
    const base = await configure(await tinyClassifier({ numLabels: 2 }), { problem_type: null })
    const own = await readHeadLabels(base)
    expect(trainingLabels(own, { train: of('yes', 'no') }).names).toEqual(['no', 'yes'])
    expect(trainingLabels(own, { train: of('0', '1') }).names).toEqual(['LABEL_0', 'LABEL_1'])
    expect(trainingLabels(own, { train: of(['no'], ['no', 'yes']) }).problemType).toBe(
      'multi_label_classification',
    )
    expect(() => trainingLabels(own, { train: of('a', 'b', 'c') })).toThrow(
      /trained head for LABEL_0, LABEL_1/,
    )
  })
  it('is what the examples say for a new head', async () => {
    const own = await readHeadLabels(await tinyClassifier({ labels, headless: true }))
    for (const head of [own, null]) {
      expect(trainingLabels(head, { train: of('b', 'a') }).names).toEqual(['a', 'b'])
      expect(trainingLabels(head, { train: of('b', 'a'), names: ['b', 'a'] }).names).toEqual(['b', 'a'])
      expect(trainingLabels(head, { train: of(1, 2), problemType: 'regression' })).toEqual(
        LabelSet.regression(),
      )
    }
  })
})
