/** Our side of bench/inference.ts: one batch of tokens at a time, or texts through a TextClassifier. */
import { readdir } from 'node:fs/promises'
import { AutoModelForSequenceClassification, type DType, Predictor, TextClassifier } from '../lib/index.ts'
import { freezeWeights } from '../lib/inference/frozen-weights.ts'
import { clients } from './clients.ts'
import { Lateness } from './lateness.ts'
import { serve } from './worker.ts'

const [folder, dtype, device = 'cpu'] = process.argv.slice(2)
const model = await AutoModelForSequenceClassification.fromPretrained(folder!, {
  device,
  dtype: dtype === 'int8' ? 'float32' : (dtype as DType),
})
const predictor = new Predictor(model, await freezeWeights(model, { int8: dtype === 'int8' }))
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
      const values = await predictor.forward(sequences)
      const width = values.length / rows.length
      for (let b = 0; b < rows.length; b++)
        logits.push(Array.from(values.subarray(b * width, (b + 1) * width)))
    }
  const milliseconds = performance.now() - began
  await new Promise((resolve) => setTimeout(resolve, 6))
  return { milliseconds, logits, latencies, late: lateness.take() }
})
process.exit()
