/** Our side of bench/inference.ts: one batch of tokens at a time, or texts through a TextClassifier. */
import { readdir } from 'node:fs/promises'
import { AutoModelForSequenceClassification, type DType, TextClassifier } from '../lib/index.ts'
import { freezeModel } from '../lib/inference/frozen-model.ts'
import { Predictor } from '../lib/inference/predictor.ts'
import { clients } from './clients.ts'
import { Lateness } from './lateness.ts'
import { serve } from './worker.ts'

const [folder, dtype, device = 'cpu'] = process.argv.slice(2)
const model = await AutoModelForSequenceClassification.fromPretrained(folder!, {
  device,
  dtype: dtype === 'int8' ? 'float32' : (dtype as DType),
})
const frozen = await freezeModel(model, { int8: dtype === 'int8' })
const predictor = new Predictor(frozen.model, { dispose: frozen.dispose })
/** Only for texts: ids alone take no tokenizer. */
const hasTokenizer = (await readdir(folder!)).some((name) => name.startsWith('tokenizer'))
const classifier = hasTokenizer
  ? await TextClassifier.load(folder!, { dtype: dtype as DType, device })
  : undefined
console.log(JSON.stringify({ ready: true, maxBatchTokens: classifier?.maxBatchTokens }))

const lateness = new Lateness()

type Request = { batches: number[][][] } | { texts: (string | [string, string])[]; concurrency: number }

await serve(async (request: Request) => {
  lateness.take()
  const began = performance.now()
  const logits: number[][] = []
  let latencies: number[] = []
  if ('texts' in request)
    latencies = await clients(request.texts, request.concurrency, (text) => classifier!.classify([text]))
  else
    for (const rows of request.batches) {
      const sequences = rows.map((row) => ({
        ids: Int32Array.from(row),
        typeIds: new Int32Array(row.length),
      }))
      for (const row of await predictor.forward(sequences)) logits.push([...row])
    }
  const milliseconds = performance.now() - began
  await new Promise((resolve) => setTimeout(resolve, 6))
  return { milliseconds, logits, latencies, late: lateness.take() }
})
process.exit()
