import type { FastifyInstance } from 'fastify'
import type { AdapterRoot } from './adapter-root.ts'
import { httpError } from './requests.ts'
import * as schemas from './schemas.ts'
import type { ServedModel } from './served-model.ts'

/** `/adapters`: lists them, and loads, replaces and takes them away while requests go on. */
export function adapterRoutes(
  app: FastifyInstance,
  options: { model: ServedModel; adapterRoot: AdapterRoot | undefined },
): void {
  const { model, adapterRoot } = options
  app.get(
    '/adapters',
    { schema: { summary: 'The adapters in memory', response: { 200: schemas.adaptersResponse } } },
    () => model.adapters,
  )
  app.put<{ Params: { name: string }; Body: { source: string } }>(
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
      if (!adapterRoot) throw httpError(403, 'This server loads no adapters: start it with --adapter-root.')
      await model.loadAdapter(name, await adapterRoot.resolve(source))
      return model.adapters
    },
  )
  app.delete<{ Params: { name: string } }>(
    '/adapters/:name',
    {
      schema: {
        summary: 'Take an adapter away',
        params: schemas.adapterName,
        response: { 200: schemas.adaptersResponse },
      },
    },
    ({ params: { name } }) => {
      if (!model.adapters.some((adapter) => adapter.name === name))
        throw httpError(404, `There is no adapter '${name}'.`)
      model.unloadAdapter(name)
      return model.adapters
    },
  )
}
