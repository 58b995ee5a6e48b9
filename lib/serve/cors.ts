import type { FastifyInstance } from 'fastify'
import { TorchLoraError } from '../errors.ts'

/** Headers of answers that a page of another origin may read. */
const exposed = [
  'retry-after',
  'x-compute-characters',
  'x-compute-time',
  'x-compute-tokens',
  'x-compute-type',
  'x-inference-time',
  'x-queue-time',
  'x-request-id',
  'x-tokenization-time',
  'x-total-time',
  'x-truncated',
].join(', ')

/**
 * Lets pages of other origins ask (the Fetch standard's CORS protocol). No cookies: clients send a key in a header.
 * @param origins as browsers send them, "https://app.example"; "*" is every one. None: no page of another origin may.
 * @throws TorchLoraError INVALID_ARGUMENT for what is no origin
 */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  for (const origin of origins) requireOrigin(origin)
  if (origins.length === 0) return
  const any = origins.includes('*')
  app.addHook('onRequest', async (request, reply) => {
    if (!any) reply.header('vary', 'origin')
    const { origin } = request.headers
    if (origin === undefined || !(any || origins.includes(origin))) return
    reply.header('access-control-allow-origin', any ? '*' : origin)
    reply.header('access-control-expose-headers', exposed)
    if (request.method !== 'OPTIONS') return
    reply.headers({
      'access-control-allow-methods': 'GET, POST, PUT, DELETE',
      'access-control-allow-headers': 'authorization, content-type, x-request-id',
      'access-control-max-age': '600',
    })
    return reply.code(204).send()
  })
}

function requireOrigin(origin: string): void {
  if (origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin)) return
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `\`cors\`: expected an origin as browsers send it, "https://app.example", or "*", received ${JSON.stringify(origin)}.`,
  )
}
