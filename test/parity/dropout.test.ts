import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyOfPath } from '../../lib/adapters/adapter-keys.ts'
import { loraState } from '../../lib/adapters/state.ts'
import { mapTensors, readCheckpoint } from '../../lib/checkpoint/index.ts'
import { packBatch } from '../../lib/data/index.ts'
import * as ops from '../../lib/generated/ops.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import {
  AutoModelForSequenceClassification,
  compile,
  loadAdapter,
  manualSeed,
  Tensor,
} from '../../lib/index.ts'
import { type BatchTensors, batchTensors } from '../../lib/nn/batch.ts'

// TORCH_LORA_PYTHON names a Python that has transformers and peft.
const python = process.env.TORCH_LORA_PYTHON
const script = resolve(import.meta.dirname, '../../scripts/parity/dropout.py')

const none = { hidden: 0, attention: 0, classifier: 0, lora: 0 }
/** Each dropout alone, then all; of another family what it does not share with BERT. */
const cases = {
  'bert-hidden': { ...none, family: 'bert', hidden: 0.3 },
  'bert-attention': { ...none, family: 'bert', attention: 0.3 },
  'bert-classifier': { ...none, family: 'bert', classifier: 0.3 },
  'bert-lora': { ...none, family: 'bert', lora: 0.3 },
  'bert-all': { family: 'bert', hidden: 0.1, attention: 0.2, classifier: 0.3, lora: 0.1 },
  'roberta-classifier': { ...none, family: 'roberta', classifier: 0.3 },
  'deberta-v2-hidden': { ...none, family: 'deberta-v2', hidden: 0.3 },
  'deberta-v2-attention': { ...none, family: 'deberta-v2', attention: 0.3 },
  'deberta-v2-classifier': { ...none, family: 'deberta-v2', classifier: 0.3 },
  'deberta-v2-lora': { ...none, family: 'deberta-v2', lora: 0.3 },
}
const draws = 200
/** Of each text in the batch: as many independent draws of its masks, or the variance over batches would tell. */
const copies = 16

/** The mean and the variance over draws of one number, or of each element of a gradient. */
type Moments = Map<string, { mean: number[]; variance: number[] }>

describe.skipIf(!python)('dropout beside PEFT’s', () => {
  const root = mkdtempSync(join(tmpdir(), 'torch-lora-dropout-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  beforeAll(() => {
    writeFileSync(join(root, 'spec.json'), JSON.stringify({ draws, copies, cases }))
    execFileSync(python!, [script, root], { stdio: ['ignore', 'ignore', 'pipe'] })
  }, 600_000)

  it.each(Object.keys(cases))(
    '%s: loss and gradients have its means and variances over many draws',
    async (name) => {
      const ours = await drawMany(
        join(root, name),
        JSON.parse(readFileSync(join(root, 'batch.json'), 'utf8')),
      )
      const theirs = await readMoments(join(root, name, 'stats.safetensors'))
      expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort())
      const scores: number[] = []
      const total = { ours: 0, theirs: 0 }
      for (const [key, { mean, variance }] of ours) {
        const their = theirs.get(key)!
        for (const [i, value] of mean.entries()) {
          const error = (variance[i]! + their.variance[i]!) / draws // of the difference of the means, squared
          if (error > 0) scores.push((value - their.mean[i]!) ** 2 / error)
          if (key === 'loss') continue
          total.ours += variance[i]!
          total.theirs += their.variance[i]!
        }
      }
      // Equal means give squared standard scores of 1 on average; one mask for query, key and value gave 9.6 for bert-lora.
      expect(scores.length).toBeGreaterThan(3000)
      expect(scores.reduce((a, b) => a + b) / scores.length).toBeLessThan(1.5)
      expect(total.ours / total.theirs).toBeGreaterThan(0.9)
      expect(total.ours / total.theirs).toBeLessThan(1.1)
      const [loss, theirLoss] = [ours.get('loss')!, theirs.get('loss')!]
      const spread = Math.sqrt((loss.variance[0]! + theirLoss.variance[0]!) / draws)
      expect(Math.abs(loss.mean[0]! - theirLoss.mean[0]!)).toBeLessThan(4 * spread)
      expect(loss.variance[0]! / theirLoss.variance[0]!).toBeGreaterThan(0.7)
      expect(loss.variance[0]! / theirLoss.variance[0]!).toBeLessThan(1.4)
    },
    120_000,
  )
})

async function readMoments(file: string): Promise<Moments> {
  const tensors = mapTensors((await readCheckpoint(file)).entries.values())
  const numbers = (name: string) => Array.from(tensors.get(name)!.readSync(), Number)
  const keys = [...tensors.keys()].filter((key) => key.startsWith('mean.')).map((key) => key.slice(5))
  return new Map(
    keys.map((key) => [key, { mean: numbers(`mean.${key}`), variance: numbers(`variance.${key}`) }]),
  )
}

/** The same here, of a program as training runs it, so that replays are what draws the masks. */
async function drawMany(
  folder: string,
  { rows, labels }: { rows: number[][]; labels: number[] },
): Promise<Moments> {
  manualSeed(0)
  const model = await AutoModelForSequenceClassification.fromPretrained(join(folder, 'model'))
  await loadAdapter(model, join(folder, 'adapter'), { trainable: true })
  const encodings = rows.map((row) => ({
    ids: Int32Array.from(row),
    typeIds: new Int32Array(row.length),
    truncated: false,
  }))
  const batch = batchTensors(packBatch(encodings, { positions: model.positions }), 'cpu')
  const target = Tensor.from(labels, { dtype: 'int64' })
  const state = loraState(model)
  const parameters = model.trainableParameters()
  const names = ['loss', ...parameters.map(([path]) => keyOfPath(path, state))]
  const wide = (tensor: Tensor) => tensor.to({ dtype: 'float64' })
  const zeros = () => [
    Tensor.scalar(0, 'float64'),
    ...parameters.map(([, parameter]) => wide(ops.zerosLike(parameter.detach()))),
  ]
  const [sums, squares] = [zeros(), zeros()]
  const step = compile((inputs: { batch: BatchTensors; target: Tensor }) => {
    model.train()
    const loss = model.loss(model.forward(inputs.batch), { labels: inputs.target })
    loss.backward()
    noGrad(() => {
      for (const [i, value] of [
        loss.detach(),
        ...parameters.map(([, parameter]) => parameter.grad!),
      ].entries()) {
        const value64 = wide(value)
        ops.add_(sums[i]!, value64)
        ops.add_(squares[i]!, ops.mul(value64, value64))
      }
    })
    for (const [, parameter] of parameters) parameter.clearGrad()
    return { loss: loss.detach() }
  })
  for (let draw = 0; draw < draws; draw++) (await step({ batch, target })).loss.dispose()
  step.dispose()
  const average = (sum: Tensor) => Array.from(sum.readSync(), Number).map((value) => value / draws)
  return new Map(
    names.map((name, i) => {
      const mean = average(sums[i]!)
      return [name, { mean, variance: average(squares[i]!).map((square, at) => square - mean[at]! ** 2) }]
    }),
  )
}
