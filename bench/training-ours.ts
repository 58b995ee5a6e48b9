/** Our side of bench/training.ts, bench/deberta.ts and bench/modernbert.ts: runs a pass of training steps a request. */
import { readFile } from 'node:fs/promises'
import { padToBucket } from '../lib/data/index.ts'
import {
  AdamW,
  AutoModelForSequenceClassification,
  applyLora,
  batchTensors,
  disposeBatch,
  manualSeed,
  packBatch,
  Tensor,
} from '../lib/index.ts'
import { memory, peakResidentBytes } from '../lib/memory.ts'
import type { DType } from '../lib/tensor.ts'
import { type BaseDType, quantizeBase } from '../lib/train/quantize-base.ts'
import { compileTrainingStep } from '../lib/train/step.ts'
import { serve } from './worker.ts'

interface Work {
  model: string
  batches: { ids: number[]; label: number }[][]
  loraDropout: number
  device?: string
  dtype?: DType
  /** The frozen weights as codes. */
  baseDtype?: BaseDType
  /** LoRA's rank; 0 for the step without the low-rank part. */
  r?: number
  /** As the Trainer does it on CUDA: batches padded to few shapes, steps replayed as CUDA graphs. */
  graphs?: boolean
}

const work = JSON.parse(await readFile(process.argv[2]!, 'utf8')) as Work
const { device = 'cpu', dtype = 'float32' } = work
const model = await AutoModelForSequenceClassification.fromPretrained(work.model, { device, dtype })
manualSeed(0)
if (work.r === 0) {
  // What the step costs without the low-rank part: only the head trains, everything is differentiated all the same.
  for (const [path, parameter] of model.namedParameters())
    parameter.requiresGrad = model.roleOf(path) === 'head' || path.endsWith('embeddings.LayerNorm.bias')
} else applyLora(model, { r: work.r ?? 8, loraAlpha: 16, loraDropout: work.loraDropout })
if (work.baseDtype) await quantizeBase(model, work.baseDtype)
const graphs = work.graphs ? device : undefined
const step = compileTrainingStep(model, new AdamW(model.trainableParameters()), { maxGradNorm: 1, graphs })

async function train(batch: Work['batches'][number]): Promise<number> {
  const encodings = batch.map(({ ids }) => ({
    ids: Int32Array.from(ids),
    typeIds: new Int32Array(ids.length),
  }))
  const packed = packBatch(encodings, { positions: model.positions })
  const shaped = graphs ? padToBucket(packed, model.config) : packed
  const values = Int32Array.from(batch, ({ label }) => label)
  const inputs = {
    batch: batchTensors(shaped, device),
    targets: model.task.collate({ values, shape: [batch.length] }, [...batch.keys()], {
      device,
      dtype: model.outputDType,
      lengths: Array.from({ length: shaped.cuSeqlens.length - 1 }, () => 0),
    }),
    lossScale: Tensor.scalar(1),
    learningRate: Tensor.scalar(4e-4),
  }
  const { loss, gradNorm } = await step.update(inputs)
  disposeBatch(inputs.batch)
  for (const tensor of [inputs.targets.labels!, inputs.lossScale, inputs.learningRate, gradNorm])
    tensor.dispose()
  const value = loss.item()
  loss.dispose()
  return value
}

/** As the Trainer does it: an update is submitted while the one before it runs. @returns the losses */
async function pass(): Promise<number[]> {
  const losses: number[] = []
  let ahead: Promise<number> | undefined
  for (const batch of work.batches) {
    const current = ahead
    ahead = train(batch)
    if (current) losses.push(await current)
  }
  return [...losses, await ahead!]
}

await train(work.batches[0]!)
// A shape is captured when it comes back: none is new when the clock starts.
if (graphs) for (let i = 0; i < 2; i++) await pass()
console.log('{}')
await serve(async () => {
  const began = performance.now()
  const losses = await pass()
  return {
    seconds: (performance.now() - began) / 1000,
    losses,
    peakBytes: memory().cuda[0]?.peakBytes ?? peakResidentBytes(),
    reservedBytes: memory().cuda[0]?.reservedBytes,
  }
})
