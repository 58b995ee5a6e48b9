import { BatchSampler, packBatch, sequenceLengths } from '../data/index.ts'
import { allGatherBytes } from '../distributed/collectives.ts'
import { sharesOf } from '../distributed/deal.ts'
import { currentWorld, type World } from '../distributed/world.ts'
import type { PredictOptions } from '../inference/predictor.ts'
import { overflowOf } from '../models/layer-watch.ts'
import type { Model } from '../models/model.ts'
import { type BatchTensors, batchTensors, disposeBatch } from '../nn/batch.ts'
import { inEvaluation } from '../nn/in-evaluation.ts'
import { compile } from '../program.ts'
import type { EncodedExamples, Metrics, Targets } from '../tasks/task.ts'
import { exampleLengths } from './batches.ts'

/** Of what an evaluation draws: the same each time, whatever a run's seed is. */
const seed = 0

/**
 * Metrics of a task whose outputs are too large to keep: of each batch what adds up (`Task.sums`), of several ranks each
 * a share of the batches, and all know all.
 * @throws TorchLoraError ABORTED, OUT_OF_MEMORY, NATIVE; DIVERGED naming the layer in which float16 overflowed
 */
export async function measureExamples(
  model: Model,
  examples: EncodedExamples,
  metrics: readonly string[],
  {
    maxBatchTokens = 4096,
    onProgress,
    signal,
    group = currentWorld(),
  }: PredictOptions & { group?: World | undefined } = {},
): Promise<Metrics> {
  const { task, head, positions, config, device, outputDType: dtype } = model
  using sums = compile(({ batch, targets }: SumInputs) =>
    inEvaluation(model, () =>
      task.sums(model.forward(batch, targets.rows), targets)!.to({ device: 'cpu', dtype: 'float64' }),
    ),
  )
  const lengths = exampleLengths(examples)
  const sampler = new BatchSampler({ lengths, maxTokens: maxBatchTokens, shuffle: false })
  const batches = Array.from({ length: sampler.batchesInEpoch }, () => sampler.next())
  let total: Float64Array | undefined
  let done = 0
  for (const b of sharesOf(batches.length, group)) {
    const indices = batches[b]!
    const packed = packBatch(task.sequences(examples, indices, seed), { positions, tables: config })
    const batch = batchTensors(packed, device)
    const targets = task.collate(examples.labels, indices, {
      device,
      dtype,
      lengths: sequenceLengths(packed),
      seed,
      classes: head.width,
    })
    try {
      using found = await sums.run([{ batch, targets }], { signal })
      const values = found.readSync() as Float64Array
      const overflow = await overflowOf(model, values, batch)
      if (overflow) throw overflow
      total = added(total, values)
    } finally {
      disposeBatch(batch)
      for (const target of Object.values(targets)) target?.dispose()
    }
    done += indices.length
    onProgress?.(done)
  }
  return task.scoreSums(await sumOfRanks(total, group), metrics)
}

interface SumInputs {
  batch: BatchTensors
  targets: Targets
}

function added(a: Float64Array | undefined, b: Float64Array): Float64Array {
  return a ? a.map((value, i) => value + b[i]!) : b
}

/** Numbers that add up, of all ranks; of one that had no share nothing. */
export async function sumOfRanks(
  own: Float64Array = new Float64Array(0),
  { worldSize }: World,
): Promise<Float64Array> {
  if (worldSize === 1) return own
  const parts = await allGatherBytes(Buffer.from(own.buffer, own.byteOffset, own.byteLength))
  return parts
    .map((part): Float64Array => new Float64Array(part.slice().buffer))
    .filter(({ length }) => length > 0) // a rank without a share
    .reduce((sum: Float64Array, part) => added(sum, part))
}
