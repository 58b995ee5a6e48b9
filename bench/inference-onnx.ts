/**
 * The onnxruntime-node side of bench/inference.ts: batches padded to their longest row, those that it is given or those
 * that our batcher makes of concurrent requests.
 */
import { createRequire } from 'node:module'
import { Scheduler } from '../lib/inference/scheduler.ts'
import { clients } from './clients.ts'
import { Lateness } from './lateness.ts'
import { serve } from './worker.ts'

/** What is used of onnxruntime-node, which is no dependency: its install script downloads from outside the registry. */
interface OnnxTensor {
  dims: readonly number[]
  data: unknown
}
interface Onnx {
  Tensor: new (type: 'int64', data: BigInt64Array, dims: readonly number[]) => OnnxTensor
  InferenceSession: {
    create(
      file: string,
      options: { intraOpNumThreads: number },
    ): Promise<{ run(inputs: Record<string, OnnxTensor>): Promise<Record<string, OnnxTensor>> }>
  }
}
const { InferenceSession, Tensor } = createRequire(import.meta.url)('onnxruntime-node') as Onnx

const [file, threads, padding] = process.argv.slice(2)
const pad = BigInt(padding!)
const session = await InferenceSession.create(file!, { intraOpNumThreads: Number(threads) })
console.log(JSON.stringify({ ready: true }))

async function forward(rows: readonly number[][]): Promise<number[][]> {
  const longest = Math.max(...rows.map(({ length }) => length))
  const ids = new BigInt64Array(rows.length * longest).fill(pad)
  const mask = new BigInt64Array(rows.length * longest)
  for (const [b, row] of rows.entries())
    for (const [i, id] of row.entries()) {
      ids[b * longest + i] = BigInt(id)
      mask[b * longest + i] = 1n
    }
  const dims = [rows.length, longest]
  const { logits } = await session.run({
    input_ids: new Tensor('int64', ids, dims),
    attention_mask: new Tensor('int64', mask, dims),
  })
  const [count, width] = logits!.dims as [number, number]
  return Array.from({ length: count }, (_, b) =>
    Array.from((logits!.data as Float32Array).subarray(b * width, (b + 1) * width)),
  )
}

const lateness = new Lateness()

/** Each row a request of its own, `concurrency` at a time, in the batches that TextClassifier would run. */
async function schedule(rows: readonly number[][], concurrency: number, maxBatchTokens: number) {
  const scheduler = new Scheduler<{ tokens: number; row: number[] }, number[]>({
    run: (items) => forward(items.map(({ row }) => row)),
    maxBatchTokens,
    fits: () => true,
  })
  const logits: number[][] = new Array(rows.length)
  const latencies = await clients(rows, concurrency, async (row, i) => {
    logits[i] = await scheduler.submit({ tokens: row.length, row }, new AbortController().signal)
  })
  return { logits, latencies }
}

type Request = { batches: number[][][] } | { rows: number[][]; concurrency: number; maxBatchTokens: number }

await serve(async (request: Request) => {
  lateness.take()
  const began = performance.now()
  let logits: number[][] = []
  let latencies: number[] = []
  if ('rows' in request)
    ({ logits, latencies } = await schedule(request.rows, request.concurrency, request.maxBatchTokens))
  else for (const rows of request.batches) logits.push(...(await forward(rows)))
  const milliseconds = performance.now() - began
  await new Promise((resolve) => setTimeout(resolve, 6))
  return { milliseconds, logits, latencies, late: lateness.take() }
})
process.exit()
