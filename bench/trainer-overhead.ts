/**
 * What the Trainer adds to the compiled step: the same updates over the same batches, by `Trainer.run` and by the bare
 * program, taking turns.
 *
 *   npx tsx bench/trainer-overhead.ts --model FOLDER [--updates 60] [--data GLUE --task mrpc] [--threads n]
 *
 * The bare side has its tensors ready beforehand and reads the loss after each update; the Trainer draws, packs and
 * copies its batches, keeps its counts and yields its events. LoRA r=8, batch 16. Evaluation and checkpoints are off.
 */
import { parseArgs } from 'node:util'
import { BatchSampler, LabelSet } from '../lib/data/index.ts'
import {
  AdamW,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  batchTensors,
  loadGlue,
  manualSeed,
  packBatch,
  setThreads,
  Tensor,
  Trainer,
} from '../lib/index.ts'
import { compileTrainingStep } from '../lib/train/step.ts'
import { machine, median } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    task: { type: 'string', default: 'mrpc' },
    updates: { type: 'string', default: '60' },
    threads: { type: 'string' },
  },
})
if (!flags.model || !flags.data) throw new Error('say where model and data are: --model FOLDER --data GLUE')
if (flags.threads) await setThreads(Number(flags.threads))
const updates = Number(flags.updates)
const batchSize = 16

const { examples: all, labels } = await loadGlue(flags.task, { split: 'train', dataDir: flags.data })
const examples = all.slice(0, updates * batchSize)
await using tokenizer = await AutoTokenizer.fromPretrained(flags.model)

async function loraModel() {
  const model = await AutoModelForSequenceClassification.fromPretrained(flags.model!, {
    ...(labels.names.length > 0 ? { labels: [...labels.names] } : { numLabels: 1 }),
    seed: 0,
  })
  manualSeed(0)
  return applyLora(model, { r: 8, loraAlpha: 16 })
}

const bare = await loraModel()
const encodings = await tokenizer.encodeBatch(
  examples.map(({ text, textPair }) => (textPair === undefined ? text : ([text, textPair] as const))),
  { maxLength: bare.maxLength },
)
const { values } = labels.encode(examples)
const sampler = new BatchSampler({ lengths: encodings.map(({ ids }) => ids.length), batchSize, seed: 0 })
const batches = Array.from({ length: updates }, () => {
  const indices = Array.from(sampler.next())
  const packed = packBatch(
    indices.map((i) => encodings[i]!),
    { positions: bare.positions },
  )
  return {
    batch: batchTensors(packed),
    labels: Tensor.from(
      indices.map((i) => values[i]!),
      { dtype: labels.problemType === LabelSet.regression().problemType ? 'float32' : 'int64' },
    ),
    lossScale: Tensor.scalar(1),
    learningRate: Tensor.scalar(1e-4),
  }
})
const step = compileTrainingStep(bare, new AdamW(bare.trainableParameters()), { maxGradNorm: 1 })
const trainer = new Trainer({
  model: await loraModel(),
  tokenizer,
  train: examples,
  labels,
  epochs: 1,
  batchSize,
})
const events = trainer.run()
await events.next() // start

async function bareUpdate(i: number): Promise<number> {
  const began = performance.now()
  const { loss, gradNorm } = await step.update(batches[i]!)
  loss.item()
  gradNorm.item()
  loss.dispose()
  gradNorm.dispose()
  return performance.now() - began
}

async function trainerUpdate(): Promise<number> {
  const began = performance.now()
  await events.next()
  return performance.now() - began
}

const times: { bare: number; trainer: number }[] = []
for (let i = 0; i < updates; i++) {
  // Who goes first changes, so that neither side always finds the caches as the other left them.
  const first = i % 2 === 0 ? await bareUpdate(i) : await trainerUpdate()
  const second = i % 2 === 0 ? await trainerUpdate() : await bareUpdate(i)
  if (i >= 4) times.push(i % 2 === 0 ? { bare: first, trainer: second } : { bare: second, trainer: first })
}
for await (const event of events) if (event.type === 'end') break

const total = (side: 'bare' | 'trainer') => times.reduce((sum, time) => sum + time[side], 0)
console.log(await machine())
console.log(`${flags.task}, batch ${batchSize}, ${times.length} updates after 4 of warm-up`)
console.log(`bare step  ${(total('bare') / times.length).toFixed(2)} ms an update`)
console.log(`Trainer    ${(total('trainer') / times.length).toFixed(2)} ms an update`)
console.log(
  `added      ${(100 * (total('trainer') / total('bare') - 1)).toFixed(2)} % of all, ` +
    `${(100 * (median(times.map(({ bare, trainer }) => trainer / bare)) - 1)).toFixed(2)} % in the median update`,
)
