/** Our side of bench/deberta.ts and bench/modernbert.ts, inference: a pass over the batches a request. */
import { readFile } from 'node:fs/promises'
import { AutoModelForSequenceClassification } from '../lib/index.ts'
import { freezeModel } from '../lib/inference/frozen-model.ts'
import { Predictor } from '../lib/inference/predictor.ts'
import { peakResidentBytes } from '../lib/memory.ts'
import type { Batches } from './comparison.ts'
import { serve } from './worker.ts'

interface Work {
  model: string
  batches: Batches
  /** A served copy, with 8-bit weights where that is said, in the model's place. */
  frozen?: boolean
  int8?: boolean
}

const work = JSON.parse(await readFile(process.argv[2]!, 'utf8')) as Work
const model = await AutoModelForSequenceClassification.fromPretrained(work.model)
const frozen = work.frozen ? await freezeModel(model, { int8: work.int8 }) : undefined
const predictor = frozen ? new Predictor(frozen.model, { dispose: frozen.dispose }) : new Predictor(model)
const batches = work.batches.map((batch) =>
  batch.map(({ ids }) => ({ ids: Int32Array.from(ids), typeIds: new Int32Array(ids.length) })),
)

await predictor.forward(batches[0]!)
console.log('{}')
await serve(async () => {
  const began = performance.now()
  const logits: number[][] = []
  for (const batch of batches) {
    for (const row of await predictor.forward(batch)) logits.push([...row])
  }
  return {
    seconds: (performance.now() - began) / 1000,
    logits,
    peakBytes: peakResidentBytes(),
  }
})
