import type { FastifyReply } from 'fastify'
import type { CallOptions, Timings } from '../inference/options.ts'
import type { ServerMetrics } from './metrics.ts'
import { httpError, whileConnected } from './requests.ts'
import type { ServedModel } from './served-model.ts'

/** Runs the work of a request: counted and bounded, ended when its client goes, what it took in the headers. */
export type Work = <T>(
  reply: FastifyReply,
  texts: number,
  body: (call: Pick<CallOptions, 'signal' | 'timeoutMs' | 'onTimings'>) => Promise<T>,
) => Promise<T>

export function workOf({
  model,
  metrics,
  maxClientBatch,
  requestTimeoutMs,
}: {
  model: ServedModel
  metrics: ServerMetrics
  maxClientBatch: number
  requestTimeoutMs: number
}): Work {
  return async (reply, texts, body) => {
    const began = performance.now()
    const method = texts === 1 ? 'single' : 'batch'
    metrics.request(method)
    if (texts > maxClientBatch)
      throw httpError(413, `A request takes at most ${maxClientBatch} texts, received ${texts}: split it.`)
    let timings: Timings | undefined
    const result = await body({
      signal: whileConnected(reply),
      timeoutMs: requestTimeoutMs,
      onTimings: (found) => {
        timings = found
      },
    })
    const total = performance.now() - began
    metrics.success(method, texts, timings!, total)
    const time = (milliseconds: number) => Math.round(milliseconds).toString()
    reply.headers({
      'x-compute-type': model.device,
      'x-compute-time': time(total),
      'x-compute-tokens': timings!.tokens.toString(),
      'x-total-time': time(total),
      'x-tokenization-time': time(timings!.tokenization),
      'x-queue-time': time(timings!.queue),
      'x-inference-time': time(timings!.inference),
    })
    return result
  }
}
