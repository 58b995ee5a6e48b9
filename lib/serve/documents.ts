import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { components } from './components.ts'

/** The OpenAPI document of every route that comes after, and its pages: `/docs`, `/api-doc/openapi.json`. */
export async function documents(
  app: FastifyInstance,
  { version, keyed }: { version: string; keyed: boolean },
): Promise<void> {
  for (const schema of components.values()) app.addSchema(schema)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'torch-lora',
        version,
        description:
          'Encoders of text by their task, with the routes of text-embeddings-inference, of Hugging Face and of OpenAI.',
      },
      ...(keyed ? { components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } } } : {}),
      ...(keyed ? { security: [{ key: [] }] } : {}),
    },
    refResolver: {
      buildLocalReference: ({ $id }, _uri, _fragment, i) => (typeof $id === 'string' ? $id : `def-${i}`),
    },
  })
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })
  app.get('/api-doc/openapi.json', { schema: { hide: true } }, () => app.swagger())
}
