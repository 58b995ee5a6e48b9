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
  lateness.take()
  const began = performance.now()
  let values: number[][] = []
  let latencies: number[] = []
  if ('embed' in request) {
    const vectors: Float32Array[] = []
    latencies = await clients(request.embed, request.concurrency, async (text, i) => {
      vectors[i] = await embedder.embed(text)
    })
    values = vectors.map((vector) => [...vector])
  } else if ('rank' in request) {
    const scores: number[] = []
    for (const { index, score } of await reranker.rank(request.query, request.rank)) scores[index] = score
    values = [scores]
  } else
    for await (const { labels, scores } of sorter.classifyAll(request.sort, request.labels))
      values.push(request.labels.map((label) => scores[labels.indexOf(label)]!))
  const milliseconds = performance.now() - began
  await new Promise((resolve) => setTimeout(resolve, 6))
  return { milliseconds, values, latencies, late: lateness.take() }
})
process.exit()
