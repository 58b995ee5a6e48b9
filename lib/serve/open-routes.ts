import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ServerMetrics } from './metrics.ts'
import { page, pageHeaders } from './page/index.ts'
import { ErrorResponse, modelQuery } from './schemas.ts'
import type { ServedModels } from './served-models.ts'

const health = {
  querystring: modelQuery,
  response: {
    200: { type: 'object', properties: { status: { const: 'ok' } }, required: ['status'] },
    503: { description: 'The GPU is lost.', content: { 'application/json': { schema: ErrorResponse } } },
  },
} as const

/** What needs no key: the page, `/health` and its name for SageMaker, `/metrics`. */
export function openRoutes(
  app: FastifyInstance,
  { models, metrics, isLost }: { models: ServedModels; metrics: ServerMetrics; isLost: () => boolean },
): void {
  app.get('/', { schema: { hide: true } }, (_, reply) =>
    reply.headers(pageHeaders).type('text/html; charset=utf-8').send(page),
  )
  const answer = (
    { query }: FastifyRequest<{ Querystring: { model?: string } }>,
    reply: FastifyReply,
  ): unknown => {
    if (query.model !== undefined) models.find(query.model)
    return isLost()
      ? reply.code(503).send({ error: 'The GPU is lost to this process.', error_type: 'Unhealthy' })
      : { status: 'ok' }
  }
  for (const [path, summary] of [
    ['health', 'Ready to answer, all models or the one that is named'],
    ['ping', "SageMaker's name of /health"],
  ] as const)
    app.get<{ Querystring: { model?: string } }>(
      `/${path}`,
      { logLevel: 'warn', schema: { summary, operationId: path, ...health } },
      answer,
    )
  app.get(
    '/metrics',
    {
      logLevel: 'warn',
      schema: {
        summary: 'For Prometheus',
        operationId: 'metrics',
        response: {
          200: { description: 'The text format.', content: { 'text/plain': { schema: { type: 'string' } } } },
        },
      },
    },
    async (_, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  )
}
