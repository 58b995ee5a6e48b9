import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyInstance } from 'fastify'
import { TorchLoraError } from '../errors.ts'
import { defaultQueueBytes, type TextModelOptions } from '../inference/options.ts'
import { AdapterRoot } from './adapter-root.ts'

import { adapterRoutes } from './adapter-routes.ts'
import { failureOf } from './failures.ts'
import { hubRoutes } from './hub-routes.ts'
import { ServerMetrics } from './metrics.ts'
import { modelRoutes } from './model-routes.ts'
import { page, pageHeaders } from './page.ts'
import { predictRoutes } from './predict.ts'
import { boundReceiving } from './receiving.ts'
import { keyCheck, refuseMalformedText, requestId } from './requests.ts'
import { loadServedModel, type ServedModel } from './served-model.ts'
import { tagRoutes } from './tag-routes.ts'
import { workOf } from './work.ts'

export interface ServerOptions extends Omit<TextModelOptions, 'onBatch'> {
  /** What clients send as `Authorization: Bearer KEY`. Default: nothing is asked for. */
  apiKey?: string | undefined
  /** Bytes of a request at most. Default 2 MB. */
  maxBodyBytes?: number | undefined
  /** Texts of one request at most. Default 32. */
  maxClientBatch?: number | undefined
  /** Milliseconds that the work of a request may take, waiting included. Default 30000. */
  requestTimeoutMs?: number | undefined
  /** Milliseconds in which a client must have sent its whole request. Default 10000. */
  receiveTimeoutMs?: number | undefined
  /** The folder from which PUT /adapters may load. Default: it may not. */
  adapterRoot?: string | undefined
  /** Least level of the log on stdout, pino's names. Default 'info'. */
  logLevel?: string | undefined
  /** Shown by /info and /docs. */
  version?: string | undefined
  /** Called once when a GPU is lost to this process (DEVICE_LOST): no request can be answered any more, /health says so. */
  onDeviceLost?: (() => void) | undefined
}

/**
 * An HTTP server around whichever model a folder holds, with the routes of text-embeddings-inference. Not yet listening.
 * `close()` answers what is in flight, then frees the model.
 * @throws TorchLoraError as `loadTextModel`; UNSUPPORTED for a model without routes
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
    onDeviceLost = () => {},
    ...load
  } = options
  const checkKey = apiKey === undefined ? undefined : keyCheck(apiKey)
  const root = adapterRoot === undefined ? undefined : await AdapterRoot.open(adapterRoot)
  const textTime = new MovingAverage()
  let loaded: ServedModel | undefined
  const metrics = new ServerMetrics(() => loaded)
  const held = await loadServedModel(model, {
    ...load,
    onBatch: (batch) => {
      metrics.batch(batch)
      textTime.add(batch.milliseconds / batch.texts)
    },
  })
  loaded = held
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
      if ('additionalProperty' in params)
        return new Error(
          `${where}${instancePath} has an unknown field, ${JSON.stringify(params.additionalProperty)}; see /docs`,
        )
      const allowed = 'allowedValues' in params ? `: ${params.allowedValues}` : ''
      return new Error(`${where}${instancePath} ${message}${allowed}`)
    },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false } },
  })
  app.addHook('onClose', () => held.close())
  let lost = false
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id)
    reply.header('x-content-type-options', 'nosniff')
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
    if (!lost && error instanceof TorchLoraError && error.code === 'DEVICE_LOST') {
      lost = true
      reply.raw.once('close', onDeviceLost)
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
        description:
          'Texts classified and tagged, with the routes of text-embeddings-inference and of Hugging Face.',
      },
      ...(checkKey ? { components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } } } : {}),
      ...(checkKey ? { security: [{ key: [] }] } : {}),
    },
  })
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })

  await app.register(async (open) => {
    open.get('/', { schema: { hide: true } }, (_, reply) =>
      reply.headers(pageHeaders).type('text/html; charset=utf-8').send(page),
    )
    open.get('/health', { logLevel: 'warn', schema: { summary: 'Ready to answer' } }, (_, reply) =>
      lost
        ? reply.code(503).send({ error: 'The GPU is lost to this process.', error_type: 'unhealthy' })
        : { status: 'ok' },
    )
    open.get('/metrics', { logLevel: 'warn', schema: { summary: 'For Prometheus' } }, async (_, reply) =>
      reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
    )
  })

  await app.register(async (guarded) => {
    if (checkKey) guarded.addHook('onRequest', checkKey)
    boundReceiving(guarded, { maxBytes: load.maxQueueBytes ?? defaultQueueBytes, maxBodyBytes })
    const work = workOf({ model: held, metrics, maxClientBatch, requestTimeoutMs })
    predictRoutes(guarded, { model: held, work })
    tagRoutes(guarded, { model: held, work })
    hubRoutes(guarded, { model: held, work })
    modelRoutes(guarded, { model: held, maxClientBatch, requestTimeoutMs, version })
    adapterRoutes(guarded, { model: held, adapterRoot: root })
  })
  return app
}

/** Whole seconds until the texts that wait have run. */
function retryAfter(waiting: number, millisecondsAText: number): number {
  return Math.max(1, Math.ceil((waiting * millisecondsAText) / 1000))
}

/** Of the latest values, the newest weighing most. */
class MovingAverage {
  value = 0

  add(value: number): void {
    this.value += (value - this.value) * (this.value === 0 ? 1 : 0.1)
  }
}
