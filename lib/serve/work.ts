import type { FastifyReply } from 'fastify'
import type { CallOptions, Timings } from '../inference/options.ts'
import type { Device } from '../tensor.ts'
import { characterCount } from './characters.ts'
import type { ModelMetrics, Verb } from './metrics.ts'
import { requireAtMost, requireFilled, whileConnected } from './requests.ts'

/** What a call of the work of a request is told. */
export type WorkCall = Required<Pick<CallOptions, 'signal' | 'timeoutMs' | 'onTimings'>>

/**
 * Runs the work of a request: counted and bounded, ended when its client goes, what it took in the headers.
 * @param texts what the request asks about, pairs joined: as many are counted, and none may be empty
 */
export type Work = <T>(
  reply: FastifyReply,
  texts: readonly string[],
  body: (call: WorkCall) => Promise<T>,
) => Promise<T>

export function workOf({
  device,
  verb,
  metrics,
  maxClientBatch,
  requestTimeoutMs,
}: {
  device: Device
  verb: Verb
  metrics: ModelMetrics
  maxClientBatch: number
  requestTimeoutMs: number
}): Work {
  return async (reply, texts, body) => {
    const began = performance.now()
    const method = texts.length === 1 ? 'single' : 'batch'
    metrics.request(method)
    requireAtMost(texts.length, { most: maxClientBatch, what: 'texts' })
    requireFilled(texts)
    let timings: Timings | undefined
    const result = await body({
      signal: whileConnected(reply),
      timeoutMs: requestTimeoutMs,
      onTimings: (found) => {
        timings = found
      },
    })
    const total = performance.now() - began
    metrics.success({ method, verb, texts: texts.length }, timings!, total)
    const time = (milliseconds: number) => Math.round(milliseconds).toString()
    reply.headers({
      'x-compute-type': device,
      'x-compute-time': time(total),
      'x-compute-characters': texts.reduce((sum, text) => sum + characterCount(text), 0).toString(),
      'x-compute-tokens': timings!.tokens.toString(),
      'x-total-time': time(total),
      'x-tokenization-time': time(timings!.tokenization),
      'x-queue-time': time(timings!.queue),
      'x-inference-time': time(timings!.inference),
    })
    return result
  }
}
