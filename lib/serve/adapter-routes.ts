import type { FastifyInstance } from 'fastify'
import type { AdapterRoot } from './adapter-root.ts'
import { component } from './components.ts'
import { httpError } from './requests.ts'
import { errorResponses, model, modelQuery, text } from './schemas.ts'
import type { ServedModels } from './served-models.ts'

const Adapter = component('Adapter', {
  type: 'object',
  required: ['name', 'source', 'r', 'parameters', 'labels'],
  properties: {
    name: text,
    source: text,
    r: { type: 'integer' },
    parameters: { type: 'integer' },
    problemType: text,
    labels: { type: 'array', items: text },
  },
})

const Adapters = component('Adapters', { type: 'array', items: Adapter })

const AdapterRequest = component('AdapterRequest', {
  type: 'object',
  required: ['source'],
  additionalProperties: false,
  properties: {
    source: { type: 'string', minLength: 1, description: 'A PEFT folder, relative to the adapter root.' },
    model,
  },
})

const adapterName = {
  type: 'object',
  properties: { name: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' } },
} as const

interface Named {
  Params: { name: string }
  Querystring: { model?: string }
}

/** `/adapters`: lists those of a model, and loads, replaces and takes them away while requests go on. */
export function adapterRoutes(
  app: FastifyInstance,
  { models, adapterRoot }: { models: ServedModels; adapterRoot: AdapterRoot | undefined },
): void {
  const { 401: unauthorized, 404: unknown } = errorResponses
  app.get<{ Querystring: Named['Querystring'] }>(
    '/adapters',
    {
      schema: {
        summary: 'The adapters in memory',
        operationId: 'adapters',
        querystring: modelQuery,
        response: { 200: Adapters, 401: unauthorized, 404: unknown },
      },
    },
    ({ query }) => models.find(query.model).model.adapters,
  )
  app.put<{ Params: Named['Params']; Body: { source: string; model?: string } }>(
    '/adapters/:name',
    {
      schema: {
        summary: 'Load an adapter, or put another one in its place while requests go on',
        operationId: 'loadAdapter',
        params: adapterName,
        body: AdapterRequest,
        response: { 200: Adapters, ...errorResponses },
      },
    },
    async ({ params: { name }, body: { source, model: asked } }) => {
      if (!adapterRoot) throw httpError(403, 'This server loads no adapters: start it with --adapter-root.')
      const { model } = models.find(asked)
      await model.loadAdapter(name, await adapterRoot.resolve(source))
      return model.adapters
    },
  )
  app.delete<Named>(
    '/adapters/:name',
    {
      schema: {
        summary: 'Take an adapter away',
        operationId: 'unloadAdapter',
        params: adapterName,
        querystring: modelQuery,
        response: { 200: Adapters, 401: unauthorized, 404: unknown },
      },
    },
    ({ params: { name }, query }) => {
      const { model } = models.find(query.model)
      if (!model.adapters.some((adapter) => adapter.name === name))
        throw httpError(404, `There is no adapter '${name}'.`)
      model.unloadAdapter(name)
      return model.adapters
    },
  )
}
