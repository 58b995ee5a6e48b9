import { randomUUID, timingSafeEqual } from 'node:crypto'
import { resolve, sep } from 'node:path'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { TextClassifierOptions, Timings } from '../inference/classifier-options.ts'
import { TextClassifier } from '../inference/text-classifier.ts'
import { failureOf } from './failures.ts'
import { ServerMetrics } from './metrics.ts'
import { page } from './page.ts'
import * as schemas from './schemas.ts'

export interface ServerOptions extends Omit<TextClassifierOptions, 'onBatch'> {
  /** What clients send as `Authorization: Bearer KEY`. Default: nothing is asked for. */
  apiKey?: string
  /** Bytes of a request at most. Default 2 MB. */
  maxBodyBytes?: number
  /** Texts of one request at most. Default 32. */
  maxClientBatch?: number
  /** Milliseconds that the work of a request may take, waiting included. Default 30000. */
  requestTimeoutMs?: number
  /** Milliseconds in which a client must have sent its whole request. Default 10000. */
  receiveTimeoutMs?: number
  /** The folder from which PUT /adapters may load. Default: it may not. */
  adapterRoot?: string
  /** Least level of the log on stdout, pino's names. Default 'info'. */
  logLevel?: string
  /** Shown by /info and /docs. */
  version?: string
}

/** `inputs` of text-embeddings-inference: a text, a pair, or a batch of lists of one or two. */
type Inputs = string | string[] | string[][]

interface PredictBody {
  inputs: Inputs
  truncate?: boolean
  raw_scores?: boolean
  adapter?: string
  top_k?: number
}

/**
 * An HTTP server around a TextClassifier, with the routes of text-embeddings-inference. Not yet listening.
 * `close()` answers what is in flight, then frees the model.
 * @throws TorchLoraError as `TextClassifier.load`
 */
export async function createServer(model: string, options: ServerOptions = {}): Promise<FastifyInstance> {
  const {
    apiKey,
    maxBodyBytes = 2_000_000,
    maxClientBatch = 32,
    requestTimeoutMs = 30_000,
    receiveTimeoutMs = 10_000,
    adapterRoot,
    logLevel = 'info',
    version = '',
    ...load
  } = options
  const textTime = new MovingAverage()
  let classifier: TextClassifier | undefined
  const metrics = new ServerMetrics(() => classifier)
  classifier = await TextClassifier.load(model, {
    ...load,
    onBatch: (batch) => {
      metrics.batch(batch)
      textTime.add(batch.milliseconds / batch.texts)
    },
  })
  const held = classifier
  const app = Fastify({
    logger: { level: logLevel },
    bodyLimit: maxBodyBytes,
    genReqId: (request) => requestId(request.headers['x-request-id']),
    requestTimeout: receiveTimeoutMs,
    http: { headersTimeout: receiveTimeoutMs, connectionsCheckingInterval: 1000 },
    forceCloseConnections: 'idle',
    // Of a value that may have several forms ajv reports each that it has not.
    schemaErrorFormatter: (errors, where) => {
      const { instancePath, message, params } = errors.at(-1)!
      const path = instancePath.split('/')[1]
      if (path === 'inputs')
        return new Error(
          `${where}/inputs must be a text, a pair [text, text], or a batch [[text], [text, text], ...]`,
        )
      const allowed = 'allowedValues' in params ? `: ${params.allowedValues}` : ''
      return new Error(`${where}${instancePath} ${message}${allowed}`)
    },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false } },
  })
  app.addHook('onClose', () => held.close())
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id)
    // A connection that is kept open would hold up the end.
    if (closing) reply.header('connection', 'close')
  })
  refuseMalformedText(app)

  app.setErrorHandler((error, request, reply) => {
    if (reply.raw.destroyed) {
      metrics.failure('disconnected')
      request.log.info('the client has gone')
      return reply
    }
    const failure = failureOf(error)
    metrics.failure(failure.error_type)
    if (failure.status >= 500 || failure.status === 424) request.log.error(error)
    else request.log.info({ status: failure.status, reason: failure.error }, 'refused')
    if (failure.status === 429) reply.header('retry-after', retryAfter(held.waiting, textTime.value))
    return reply.code(failure.status).send({ error: failure.error, error_type: failure.error_type })
  })
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send({ error: `There is no ${request.method} ${request.url}; see /docs.`, error_type: 'validation' }),
  )

  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'torch-lora',
        version,
        description: 'Text classification, with the routes of text-embeddings-inference.',
      },
      ...(apiKey ? { components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } } } : {}),
      ...(apiKey ? { security: [{ key: [] }] } : {}),
    },
  })
  await app.register(swaggerUi, { routePrefix: '/docs' })

  await app.register(async (open) => {
    open.get('/', { schema: { hide: true } }, (_, reply) => reply.type('text/html; charset=utf-8').send(page))
    open.get('/health', { logLevel: 'warn', schema: { summary: 'Ready to answer' } }, () => ({
      status: 'ok',
    }))
    open.get('/metrics', { logLevel: 'warn', schema: { summary: 'For Prometheus' } }, async (_, reply) =>
      reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
    )
  })

  await app.register(async (guarded) => {
    if (apiKey !== undefined) guarded.addHook('onRequest', keyCheck(apiKey))

    const predict = async (request: FastifyRequest<{ Body: PredictBody }>, reply: FastifyReply) => {
      const began = performance.now()
      const { inputs, truncate, raw_scores, adapter, top_k } = request.body
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
      const results = await held.classify(
        texts.map((parts) => (parts.length === 1 ? parts[0]! : (parts as [string, string]))),
        {
          adapter,
          longText: truncate ? 'truncate' : 'refuse',
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
        'x-compute-type': held.device,
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
    guarded.post('/predict', { schema: { ...predictSchema, summary: 'Classify' } }, predict)
    guarded.post('/', { schema: { ...predictSchema, hide: true } }, predict)

    guarded.post<{ Body: { inputs: string | string[] } }>(
      '/tokenize',
      {
        schema: {
          summary: 'The tokens that the model reads',
          body: schemas.tokenizeRequest,
          response: { 200: schemas.tokenizeResponse, ...schemas.errorResponses },
        },
      },
      ({ body: { inputs } }) => Promise.all([inputs].flat().map((text) => held.tokenize(text))),
    )

    guarded.get('/info', { schema: { summary: 'The model and the limits' } }, () => {
      const { labels, modelType, problemType } = held.config
      return {
        model_id: held.source,
        model_dtype: held.dtype,
        model_type: {
          classifier: {
            id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
            label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
            labels,
          },
        },
        architecture: modelType,
        problem_type: problemType,
        has_head: held.hasHead,
        merged_adapter: held.mergedAdapter ?? null,
        device: held.device,
        max_concurrent_requests: held.maxQueue,
        max_input_length: held.maxLength,
        max_batch_tokens: held.maxBatchTokens,
        max_client_batch_size: maxClientBatch,
        auto_truncate: false,
        tokenization_workers: 1,
        version,
      }
    })

    guarded.get(
      '/adapters',
      { schema: { summary: 'The adapters in memory', response: { 200: schemas.adaptersResponse } } },
      () => held.adapters,
    )
    guarded.put<{ Params: { name: string }; Body: { source: string } }>(
      '/adapters/:name',
      {
        schema: {
          summary: 'Load an adapter, or put another one in its place while requests go on',
          params: schemas.adapterName,
          body: schemas.adapterRequest,
          response: { 200: schemas.adaptersResponse, ...schemas.errorResponses },
        },
      },
      async ({ params: { name }, body: { source } }) => {
        await held.loadAdapter(name, insideRoot(adapterRoot, source))
        return held.adapters
      },
    )
    guarded.delete<{ Params: { name: string } }>(
      '/adapters/:name',
      {
        schema: {
          summary: 'Take an adapter away',
          params: schemas.adapterName,
          response: { 200: schemas.adaptersResponse },
        },
      },
      ({ params: { name } }) => {
        if (!held.adapters.some((adapter) => adapter.name === name))
          throw httpError(404, `There is no adapter '${name}'.`)
        held.unloadAdapter(name)
        return held.adapters
      },
    )
  })
  return app
}

/** Texts must be UTF-8: the default parser would put replacement characters where they are not. */
function refuseMalformedText(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  const decoder = new TextDecoder('utf-8', { fatal: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // Many clients name a content type even where they send nothing.
    if (request.method === 'DELETE' && body.length === 0) {
      done(null, undefined)
      return
    }
    let text: string
    try {
      text = decoder.decode(body as Buffer)
    } catch {
      done(httpError(400, 'The body is not UTF-8: encode it as UTF-8.'))
      return
    }
    parse(request, text, done)
  })
}

function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : randomUUID()
}

function keyCheck(apiKey: string) {
  const expected = Buffer.from(`Bearer ${apiKey}`)
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const given = Buffer.from(request.headers.authorization ?? '')
    if (given.length === expected.length && timingSafeEqual(given, expected)) return
    reply.header('www-authenticate', 'Bearer')
    throw httpError(401, 'Send the API key as Authorization: Bearer KEY.')
  }
}

/** Aborts when the client goes away before it has its answer. */
function whileConnected(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableEnded) controller.abort(new Error('The client closed the connection.'))
  })
  return controller.signal
}

/** @throws 403 for a path outside the root, or when there is none */
function insideRoot(root: string | undefined, source: string): string {
  if (root === undefined) throw httpError(403, 'This server loads no adapters: start it with --adapter-root.')
  const base = resolve(root)
  const path = resolve(base, source)
  if (path.startsWith(base + sep)) return path
  throw httpError(403, 'source must be a folder below the adapter root.')
}

/** Whole seconds until the texts that wait have run. */
function retryAfter(waiting: number, millisecondsAText: number): number {
  return Math.max(1, Math.ceil((waiting * millisecondsAText) / 1000))
}

function httpError(statusCode: number, message: string): Error & { statusCode: number } {
  return Object.assign(new Error(message), { statusCode })
}

/** Of the latest values, the newest weighing most. */
class MovingAverage {
  value = 0

  add(value: number): void {
    this.value += (value - this.value) * (this.value === 0 ? 1 : 0.1)
  }
}
