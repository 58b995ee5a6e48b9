import { allGatherBytes } from '../distributed/collectives.ts'
import { sharesOf } from '../distributed/deal.ts'
import { currentWorld, type World } from '../distributed/world.ts'
import type { PredictOptions, Predictor } from '../inference/predictor.ts'
import type { EncodedExamples, Metrics, Progress } from '../tasks/task.ts'
import type { Encoding } from '../tokenizer/index.ts'
import { measureExamples } from './measure.ts'

/**
 * Mean loss and metrics of a model over labelled examples, and how far it has come; of several ranks each runs a
 * share, and all know all.
 */
export async function evaluateExamples(
  predictor: Predictor,
  examples: EncodedExamples,
  metrics: readonly string[],
  { group = currentWorld(), ...options }: PredictOptions & { group?: World | undefined } = {},
): Promise<{ metrics: Metrics; progress: Progress }> {
  const { task } = predictor.model
  if (task.addsUp) {
    const measured = await measureExamples(predictor.model, examples, metrics, { ...options, group })
    return { metrics: measured, progress: 'better' }
  }
  const { encodings, labels } = examples
  const outputs =
    group.worldSize === 1
      ? await predictor.outputs(encodings, options)
      : await sharedOutputs(predictor, encodings, { ...options, group })
  return { metrics: task.score(outputs, labels, metrics), progress: task.progress(outputs, labels) }
}

/** Dealt by length, so that ranks take about as long; gathered, and put back in order. */
async function sharedOutputs(
  predictor: Predictor,
  encodings: readonly Encoding[],
  { group, ...options }: PredictOptions & { group: World },
): Promise<Float32Array[]> {
  const { worldSize } = group
  const order = encodings
    .map((_, i) => i)
    .sort((a, b) => encodings[b]!.ids.length - encodings[a]!.ids.length || a - b)
  const shares = Array.from({ length: worldSize }, (_, rank) =>
    sharesOf(encodings.length, { rank, worldSize }).map((i) => order[i]!),
  )
  const mine = shares[group.rank]!
  const own = await predictor.outputs(
    mine.map((i) => encodings[i]!),
    options,
  )
  const bytes = Buffer.concat(
    own.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  )
  const gathered = await allGatherBytes(bytes)
  const { head } = predictor.model
  const outputs: Float32Array[] = new Array(encodings.length)
  gathered.forEach((part, rank) => {
    const values = new Float32Array(part.slice().buffer)
    let at = 0
    for (const i of shares[rank]!) {
      const start = at
      at += head.rowsOf(encodings[i]!.ids.length) * head.width
      outputs[i] = values.subarray(start, at)
    }
  })
  return outputs
}
