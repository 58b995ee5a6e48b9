import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Timings } from '../inference/options.ts'
import type { TextClassifier } from '../inference/text-classifier.ts'
import type { ServerMetrics } from './metrics.ts'
import { httpError, whileConnected } from './requests.ts'
import * as schemas from './schemas.ts'

/** `inputs` of text-embeddings-inference: a text, a pair, or a batch of lists of one or two. */
type Inputs = string | string[] | string[][]

const sides = { Left: 'left', Right: 'right' } as const

interface PredictBody {
  inputs: Inputs
  truncate?: boolean | null
  truncation_direction?: keyof typeof sides
  raw_scores?: boolean
  adapter?: string
  top_k?: number
}

/** `POST /predict`, and `POST /` as its other name: texts classified, what it took in the headers. */
export function predictRoutes(
  app: FastifyInstance,
  options: {
    classifier: TextClassifier
    metrics: ServerMetrics
    maxClientBatch: number
    requestTimeoutMs: number
  },
): void {
  const { classifier, metrics, maxClientBatch, requestTimeoutMs } = options
  const predict = async (request: FastifyRequest<{ Body: PredictBody }>, reply: FastifyReply) => {
    const began = performance.now()
    const { inputs, truncate, truncation_direction, raw_scores, adapter, top_k } = request.body
    const batch = Array.isArray(inputs) && Array.isArray(inputs[0])
    const texts = batch ? (inputs as string[][]) : [[inputs as string | string[]].flat()]
    const method = batch ? 'batch' : 'single'
    metrics.request(method)
    if (texts.length > maxClientBatch)
      throw httpError(
        413,
        `A request takes at most ${maxClientBatch} texts, received ${texts.length}: split it.`,
      )
    let timings: Timings | undefined
    const results = await classifier.classify(
      texts.map((parts) => (parts.length === 1 ? parts[0]! : (parts as [string, string]))),
      {
        adapter,
        longText: truncate ? 'truncate' : 'refuse',
        truncationSide: truncation_direction && sides[truncation_direction],
        signal: whileConnected(reply),
        timeoutMs: requestTimeoutMs,
        onTimings: (found) => {
          timings = found
        },
      },
    )
    const total = performance.now() - began
    metrics.success(method, texts.length, timings!, total)
    const time = (milliseconds: number) => Math.round(milliseconds).toString()
    reply.headers({
      'x-compute-type': classifier.device,
      'x-compute-tokens': timings!.tokens.toString(),
      'x-total-time': time(total),
      'x-tokenization-time': time(timings!.tokenization),
      'x-queue-time': time(timings!.queue),
      'x-inference-time': time(timings!.inference),
    })
    const answers = results.map(({ scores, logits, labels }) => {
      const ranked = raw_scores
        ? labels.map((label, i) => ({ score: logits[i]!, label })).sort((x, y) => y.score - x.score)
        : scores.map(({ label, score }) => ({ score, label }))
      return ranked.slice(0, top_k)
    })
    return batch ? answers : answers[0]
  }
  const predictSchema = {
    body: schemas.predictRequest,
    response: { 200: schemas.predictResponse, ...schemas.errorResponses },
  }
  app.post('/predict', { schema: { ...predictSchema, summary: 'Classify' } }, predict)
  app.post('/', { schema: { ...predictSchema, hide: true } }, predict)
}
