/** Our side of bench/embeddings.ts: vectors for 64 clients, one query's texts ranked, texts sorted into labels. */
import { type DType, TextEmbedder, TextReranker, ZeroShotClassifier } from '../lib/index.ts'
import { clients } from './clients.ts'
import { Lateness } from './lateness.ts'
import { serve } from './worker.ts'

const [folder, crossEncoder, nli, dtype] = process.argv.slice(2)
const options = { device: 'cpu', dtype: dtype as DType }
await using embedder = await TextEmbedder.load(folder!, options)
await using reranker = await TextReranker.load(crossEncoder!, options)
await using sorter = await ZeroShotClassifier.load(nli!, options)
console.log(JSON.stringify({ ready: true }))

const lateness = new Lateness()

type Request =
  | { embed: string[]; concurrency: number }
  | { query: string; rank: string[] }
  | { sort: string[]; labels: string[] }

await serve(async (request: Request) => {
  await new Promise((resolve) => setTimeout(resolve, 6)) // a timer that reading the request has made late
  lateness.take()
  const began = performance.now()
  const values: ArrayLike<number>[] = []
  if ('embed' in request)
    await clients(request.embed, request.concurrency, async (text, i) => {
      values[i] = await embedder.embed(text)
    })
  else if ('rank' in request) {
    const scores: number[] = []
    for (const { index, score } of await reranker.rank(request.query, request.rank)) scores[index] = score
    values.push(scores)
  } else
    for await (const { labels, scores } of sorter.classifyAll(request.sort, request.labels))
      values.push(request.labels.map((label) => scores[labels.indexOf(label)]!))
  const milliseconds = performance.now() - began
  await new Promise((resolve) => setTimeout(resolve, 6))
  const late = lateness.take()
  return { milliseconds, values: values.map((row) => Array.from(row)), late }
})
process.exit()
