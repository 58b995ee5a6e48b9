/**
 * What the Trainer adds to the compiled step: the same updates over the same batches, by `Trainer.run` and by the bare
 * program, taking turns.
 *
 *   npx tsx bench/trainer-overhead.ts --model FOLDER --data GLUE [--task mrpc] [--updates 12] [--rounds 6] [--threads n]
 *
 * The bare side has its tensors ready beforehand, and reads the loss of an update before it submits the next; the Trainer
 * draws, packs and copies its batches, keeps its counts and yields its events. LoRA r=8, batch 16. A turn is a run of
 * --updates, of which the first, which records the program, does not count. No evaluation, no checkpoints.
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
    updates: { type: 'string', default: '12' },
    rounds: { type: 'string', default: '6' },
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
    targets: {
      labels: Tensor.from(
        indices.map((i) => values[i]!),
        { dtype: labels.problemType === LabelSet.regression().problemType ? 'float32' : 'int64' },
      ),
    },
    lossScale: Tensor.scalar(1),
    learningRate: Tensor.scalar(1e-4),
  }
})
const step = compileTrainingStep(bare, new AdamW(bare.trainableParameters()), { maxGradNorm: 1 })
const trained = await loraModel()

/** Milliseconds from the end of the first update to the end of the last. */
async function bareTurn(): Promise<number> {
  let began = 0
  for (const [i, batch] of batches.entries()) {
    const { loss, gradNorm } = await step.update(batch)
    for (const number of [loss, gradNorm]) {
      number.item()
      number.dispose()
    }
    if (i === 0) began = performance.now()
  }
  return performance.now() - began
}

async function trainerTurn(): Promise<number> {
  let [began, ended] = [0, 0]
  const trainer = new Trainer({
    model: trained,
    tokenizer,
    train: examples,
    epochs: 1,
    batchSize,
    seed: 0,
  })
  for await (const event of trainer.run()) {
    if (event.type !== 'step') continue
    if (event.step === 1) began = performance.now()
    ended = performance.now()
  }
  return ended - began
}

const times: { bare: number; trainer: number }[] = []
for (let round = -1; round < Number(flags.rounds); round++) {
  // Who goes first changes, so that neither side always finds the caches as the other left them.
  const bareFirst = round % 2 === 0 ? await bareTurn() : undefined
  const trainer = await trainerTurn()
  if (round >= 0) times.push({ bare: bareFirst ?? (await bareTurn()), trainer })
}

const mean = (side: 'bare' | 'trainer') =>
  times.reduce((sum, time) => sum + time[side], 0) / times.length / (updates - 1)
console.log(await machine())
console.log(
  `${flags.task}, batch ${batchSize}, ${times.length} turns of ${updates - 1} updates after one of warm-up`,
)
console.log(`bare step  ${mean('bare').toFixed(2)} ms an update`)
console.log(`Trainer    ${mean('trainer').toFixed(2)} ms an update`)
console.log(
  `added      ${(100 * (mean('trainer') / mean('bare') - 1)).toFixed(2)} % of all, ` +
    `${(100 * (median(times.map(({ bare, trainer }) => trainer / bare)) - 1)).toFixed(2)} % in the median turn`,
)
