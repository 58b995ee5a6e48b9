import Fastify, { type FastifyInstance } from 'fastify'
import { TorchLoraError } from '../errors.ts'
import type { LoadTextModelOptions } from '../inference/load-text-model.ts'
import { defaultQueueBytes } from '../inference/options.ts'
import { AdapterRoot } from './adapter-root.ts'
import { adapterRoutes } from './adapter-routes.ts'
import { allowOrigins } from './cors.ts'
import { documents } from './documents.ts'
import { type Failure, failureOf } from './failures.ts'
import { infoRoutes } from './info-routes.ts'
import { loadModels, type ModelSources } from './load-models.ts'
import { ServerMetrics } from './metrics.ts'
import { openRoutes } from './open-routes.ts'
import { boundReceiving } from './receiving.ts'
import { keyCheck, refuseMalformedText, requestId } from './requests.ts'
import { schemaError } from './schema-errors.ts'
import { type ServedModel, ServedModels } from './served-models.ts'
import { registerTaskRoutes } from './task-routes.ts'
import { tokenRoutes } from './token-routes.ts'

/** How {@link createServer} serves. What is said of models holds for each of them. */
export interface ServerOptions extends Omit<LoadTextModelOptions, 'onBatch'> {
  /** What clients send as `Authorization: Bearer KEY`. Default: nothing is asked for. */
  apiKey?: string | undefined
  /** Origins whose pages may ask, "https://app.example"; "*" for every one. Default: none. */
  cors?: readonly string[] | undefined
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
 * An HTTP server around whichever models folders hold, with the routes of text-embeddings-inference. Not yet listening.
 * `close()` answers what is in flight, then frees the models.
 *
 * ```ts
 * await createServer('support-classifier')
 * await createServer({ support: 'support-classifier', search: { model: 'embedder', dtype: 'int8' } }, { apiKey })
 * ```
 * @param models one, which answers whatever `model` a request names, or several by their names
 * @throws TorchLoraError INVALID_ARGUMENT, as `loadTextModel`
 */
export async function createServer(
  models: ModelSources,
  options: ServerOptions = {},
): Promise<FastifyInstance> {
  const {
    apiKey,
    cors = [],
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
  const app = Fastify({
    logger: { level: logLevel },
    bodyLimit: maxBodyBytes,
    genReqId: (request) => requestId(request.headers['x-request-id']),
    requestTimeout: receiveTimeoutMs,
    http: { headersTimeout: receiveTimeoutMs, connectionsCheckingInterval: 1000 },
    forceCloseConnections: 'idle',
    schemaErrorFormatter: schemaError,
    ajv: {
      // Defaults are the routes' own: those of schemas say what they are.
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: false,
        verbose: true,
      },
    },
  })
  allowOrigins(app, cors)
  const loaded: ServedModel[] = []
  const served = new ServedModels(loaded)
  const metrics = new ServerMetrics(() => loaded)
  const textTime = new MovingAverage()
  app.addHook('onClose', async () => {
    await Promise.all(loaded.map(({ model }) => model.close()))
  })
  try {
    await loadModels(models, loaded, {
      ...{ load, metrics, maxClientBatch, requestTimeoutMs },
      onBatch: ({ milliseconds, texts }) => textTime.add(milliseconds / texts),
    })
  } catch (thrown) {
    await app.close()
    throw thrown
  }
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
    metrics.failure(failure.error_type.toLowerCase())
    if (failure.status >= 500 || failure.status === 424) request.log.error(error)
    else request.log.info({ status: failure.status, reason: failure.error }, 'refused')
    if (failure.status === 429) reply.header('retry-after', retryAfter(served.waiting, textTime.value))
    const told = request.routeOptions.config?.errors === 'openai' ? openAiError(failure) : toldOf(failure)
    return reply.code(failure.status).send(told)
  })
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send({ error: `There is no ${request.method} ${request.url}; see /docs.`, error_type: 'Validation' }),
  )

  await documents(app, { version, keyed: checkKey !== undefined })
  await app.register(async (open) => openRoutes(open, { models: served, metrics, isLost: () => lost }))
  await app.register(async (guarded) => {
    if (checkKey) guarded.addHook('onRequest', checkKey)
    boundReceiving(guarded, { maxBytes: load.maxQueueBytes ?? defaultQueueBytes, maxBodyBytes })
    registerTaskRoutes(guarded, { models: served, maxClientBatch })
    tokenRoutes(guarded, { models: served, maxClientBatch, requestTimeoutMs })
    infoRoutes(guarded, { models: served, maxClientBatch, version })
    adapterRoutes(guarded, { models: served, adapterRoot: root })
  })
  return app
}

function toldOf({ error, error_type }: Failure): object {
  return { error, error_type }
}

/** The same as text-embeddings-inference tells OpenAI's clients. */
function openAiError({ status, error, error_type }: Failure): object {
  return { message: error, code: status, type: error_type }
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
