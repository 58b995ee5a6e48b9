import { resolve, sep } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { TextClassifier } from '../inference/text-classifier.ts'
import { httpError } from './requests.ts'
import * as schemas from './schemas.ts'

/** `/adapters`: lists them, and loads, replaces and takes them away while requests go on. */
export function adapterRoutes(
  app: FastifyInstance,
  options: { classifier: TextClassifier; adapterRoot: string | undefined },
): void {
  const { classifier, adapterRoot } = options
  app.get(
    '/adapters',
    { schema: { summary: 'The adapters in memory', response: { 200: schemas.adaptersResponse } } },
    () => classifier.adapters,
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
      await classifier.loadAdapter(name, insideRoot(adapterRoot, source))
      return classifier.adapters
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
      if (!classifier.adapters.some((adapter) => adapter.name === name))
        throw httpError(404, `There is no adapter '${name}'.`)
      classifier.unloadAdapter(name)
      return classifier.adapters
    },
  )
}

/** @throws 403 for a path outside the root, or when there is none */
function insideRoot(root: string | undefined, source: string): string {
  if (root === undefined) throw httpError(403, 'This server loads no adapters: start it with --adapter-root.')
  const base = resolve(root)
  const path = resolve(base, source)
  if (path.startsWith(base + sep)) return path
  throw httpError(403, 'source must be a folder below the adapter root.')
}
