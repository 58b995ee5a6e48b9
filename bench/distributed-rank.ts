/** One rank of bench/distributed.ts: trains so many updates, then times the exchange alone; rank 0 prints one line. */
import { readFile } from 'node:fs/promises'
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  distributed,
  loadGlue,
  manualSeed,
  Tensor,
  Trainer,
} from '../lib/index.ts'
import { median } from './worker.ts'

/** What every rank of a run is told. */
export interface RankWork {
  model: string
  tokenizer: string
  data: string
  task: string
  full: boolean
  /** Of a process. */
  batchSize: number
  /** Examples of all updates, the same for every number of ranks. */
  examples: number
}

/** What rank 0 answers: milliseconds in the median. */
export interface RankAnswer {
  worldSize: number
  updates: number
  updateMs: number
  exchangeMs: number
  exchangedBytes: number
}

const work = JSON.parse(await readFile(process.argv[2]!, 'utf8')) as RankWork
await distributed.init({ timeoutMs: 600_000 })
await using tokenizer = await AutoTokenizer.fromPretrained(work.tokenizer)
const { examples, labels } = await loadGlue(work.task, { split: 'train', dataDir: work.data })
const model = await AutoModelForSequenceClassification.fromPretrained(work.model, {
  head: 'fresh',
  labels: labels.names,
})
manualSeed(0)
if (work.full) model.setRequiresGrad(true)
else applyLora(model, { r: 8, loraAlpha: 16 })
const trainer = new Trainer({
  model,
  tokenizer,
  train: examples.slice(0, work.examples),
  batchSize: work.batchSize,
  epochs: 1,
})
const times: number[] = []
let last = 0
for await (const event of trainer.run()) {
  const now = performance.now()
  if (event.type === 'step') times.push(now - last)
  last = now
}
const values = model.trainableParameters().reduce((sum, [, { numel }]) => sum + numel, 0)
const buffer = Tensor.zeros([values])
const exchanges: number[] = []
for (let i = 0; i < (work.full ? 3 : 30); i++) {
  await distributed.barrier()
  const began = performance.now()
  await distributed.allReduce(buffer)
  exchanges.push(performance.now() - began)
}
if (distributed.rank === 0)
  console.log(
    JSON.stringify({
      worldSize: distributed.worldSize,
      updates: times.length,
      updateMs: median(times.slice(1)),
      exchangeMs: median(exchanges),
      exchangedBytes: 4 * values,
    } satisfies RankAnswer),
  )
await distributed.close()
