/** Our side of bench/training.ts and bench/deberta.ts: runs a pass of training steps a request. */
import { readFile } from 'node:fs/promises'
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
import { compileTrainingStep } from '../lib/train/step.ts'
import { serve } from './worker.ts'

interface Work {
  model: string
  batches: { ids: number[]; label: number }[][]
  loraDropout: number
  device?: string
  dtype?: DType
  /** LoRA's rank; 0 for the step without the low-rank part. */
  r?: number
}

const work = JSON.parse(await readFile(process.argv[2]!, 'utf8')) as Work
const { device = 'cpu', dtype = 'float32' } = work
const model = await AutoModelForSequenceClassification.fromPretrained(work.model, { device, dtype })
manualSeed(0)
if (work.r === 0) {
  // What the step costs without the low-rank part: only the head trains, everything is differentiated all the same.
  for (const [path, parameter] of model.namedParameters())
    parameter.requiresGrad = model.isOfHead(path) || path.endsWith('embeddings.LayerNorm.bias')
} else applyLora(model, { r: work.r ?? 8, loraAlpha: 16, loraDropout: work.loraDropout })
const step = compileTrainingStep(model, new AdamW(model.trainableParameters()), { maxGradNorm: 1 })

async function train(batch: Work['batches'][number]): Promise<number> {
  const encodings = batch.map(({ ids }) => ({
    ids: Int32Array.from(ids),
    typeIds: new Int32Array(ids.length),
  }))
  const inputs = {
    batch: batchTensors(packBatch(encodings, { positions: model.positions }), device),
    labels: Tensor.from(
      batch.map(({ label }) => label),
      { dtype: 'int64', device },
    ),
    lossScale: Tensor.scalar(1),
    learningRate: Tensor.scalar(4e-4),
  }
  const { loss, gradNorm } = await step.update(inputs)
  disposeBatch(inputs.batch)
  for (const tensor of [inputs.labels, inputs.lossScale, inputs.learningRate, gradNorm]) tensor.dispose()
  const value = loss.item()
  loss.dispose()
  return value
}

await train(work.batches[0]!)
console.log('{}')
await serve(async () => {
  const began = performance.now()
  const losses: number[] = []
  for (const batch of work.batches) losses.push(await train(batch))
  return {
    seconds: (performance.now() - began) / 1000,
    losses,
    peakBytes: memory().cuda[0]?.peakBytes ?? peakResidentBytes(),
  }
})
