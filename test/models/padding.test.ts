import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { applyLora } from '../../lib/adapters/apply.ts'
import { packBatch, padToBucket } from '../../lib/data/index.ts'
import * as ops from '../../lib/generated/ops.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import type { Model } from '../../lib/models/model.ts'
import { batchTensors, type PackedBatch } from '../../lib/nn/batch.ts'
import { manualSeed } from '../../lib/random.ts'
import type { SequenceClassification } from '../../lib/tasks/sequence-classification.ts'
import type { Tensor } from '../../lib/tensor.ts'
import { fixtures } from './golden.ts'

type Classifier = Model<SequenceClassification>

const models = [
  'bert-single',
  'roberta-single',
  'bert-multilabel',
  'roberta-regression',
  'deberta-v3',
  'deberta-v2', // with a convolution over neighbouring tokens
  'deberta-separate',
]
const batches = [[3, 17, 1, 9], [12], [5, 5, 24, 2, 7, 24, 24], [8, 8]]

const folders = await mkdtemp(join(tmpdir(), 'padding-'))
afterAll(() => rm(folders, { recursive: true }))

async function withoutDropout(name: string): Promise<string> {
  const folder = join(folders, name)
  await cp(`${fixtures}models/${name}`, folder, { recursive: true })
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
  const none = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, classifier_dropout: 0 }
  const all = { ...config, ...none, cls_dropout: 0, pooler_dropout: 0 }
  await writeFile(join(folder, 'config.json'), JSON.stringify(all))
  return folder
}

const pack = (model: Classifier, lengths: readonly number[]) =>
  packBatch(
    lengths.map((length, b) => ({
      ids: Int32Array.from({ length }, (_, t) => 5 + ((7 * t + 3 * b) % 20)),
      typeIds: new Int32Array(length),
    })),
    { positions: model.positions },
  )

/** Labels of four examples in turn, and of a width that the problem has. */
function labelsOf({ task: { problemType, labels } }: Classifier, indices: readonly number[]) {
  const width = problemType === 'multi_label_classification' ? labels.length : 1
  const value = (i: number) => (problemType === 'regression' ? 0.7 * i - 1 : (i % labels.length) % 2)
  return {
    values: Float32Array.from({ length: indices.length * width }, (_, i) => value(i)),
    shape: width > 1 ? [indices.length, width] : [indices.length],
  }
}

/** Loss, and the gradient of every parameter and adapter, in training mode. */
function step(model: Classifier, batch: PackedBatch, lengths: readonly number[]) {
  model.train()
  const indices = lengths.map((_, b) => b)
  const targets = model.task.collate(labelsOf(model, indices), indices, {
    device: 'cpu',
    dtype: model.outputDType,
    lengths: Array.from({ length: batch.cuSeqlens.length - 1 }, () => 0),
  })
  const loss = model.loss(model.forward(batchTensors(batch)), targets)
  loss.backward()
  const gradients = new Map<string, Tensor>()
  for (const [path, parameter] of model.trainableParameters()) {
    if (parameter.grad)
      gradients.set(
        path,
        noGrad(() => parameter.grad!.clone()),
      )
    parameter.clearGrad()
  }
  return { loss: loss.item(), gradients }
}

const norm = (tensor: Tensor) => Math.hypot(...Array.from(tensor.readSync(), Number))
const distance = (a: Tensor, b: Tensor) => noGrad(() => norm(ops.sub(a, b)))

describe.each(models)('%s with padding sequences behind a batch', (name) => {
  it.each([
    ['float64', 'every parameter', 1e-12],
    ['float64', 'LoRA', 1e-12],
    ['float32', 'LoRA', 2e-5],
  ] as const)(
    'in %s has the loss and the gradients of the batch, %s trained',
    async (dtype, what, allowed) => {
      const model = await AutoModelForSequenceClassification.fromPretrained(await withoutDropout(name), {
        dtype,
      })
      // libtorch forms this loss in the labels' type.
      const multiLabel = model.task.problemType === 'multi_label_classification'
      const most = multiLabel ? Math.max(allowed, 1e-6) : allowed
      manualSeed(3)
      if (what === 'LoRA') applyLora(model, { r: 4, loraAlpha: 8, initLoraWeights: false })
      else model.setRequiresGrad(true)
      for (const lengths of batches) {
        const batch = pack(model, lengths)
        const right = step(model, batch, lengths)
        const padded = step(model, padToBucket(batch, model.config), lengths)
        expect(Math.abs(padded.loss - right.loss)).toBeLessThan(most * Math.max(1, right.loss))
        expect([...padded.gradients.keys()]).toEqual([...right.gradients.keys()])
        // Beside all gradients together: a key's bias has none but rounding.
        const all = Math.hypot(...Array.from(right.gradients.values(), norm))
        expect(all).toBeGreaterThan(0)
        for (const [path, gradient] of right.gradients)
          expect(distance(padded.gradients.get(path)!, gradient), path).toBeLessThan(
            most * (norm(gradient) + all),
          )
      }
    },
  )

  it('has the logits of the batch, and behind them numbers', async () => {
    const model = await AutoModelForSequenceClassification.fromPretrained(`${fixtures}models/${name}`)
    model.eval()
    for (const lengths of batches) {
      const batch = pack(model, lengths)
      const logits = (of: PackedBatch) =>
        noGrad(() => model.forward(batchTensors(of))).readSync() as Float32Array
      const [right, padded] = [logits(batch), logits(padToBucket(batch, model.config))]
      for (const [i, value] of right.entries()) expect(padded[i]).toBeCloseTo(value, 5)
      expect(padded.every(Number.isFinite)).toBe(true)
    }
  })
})
