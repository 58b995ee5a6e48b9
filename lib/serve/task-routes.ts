import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hubTaskOf, hubTasks } from './hub/index.ts'
import { JsonPieces } from './json-pieces.ts'
import { requireAtMost } from './requests.ts'
import { routesFor, taskRoutes } from './routes/index.ts'
import { type SchemaError, schemaError } from './schema-errors.ts'
import { errorResponses, openAiErrorResponses } from './schemas.ts'
import type { ServedModel, ServedModels } from './served-models.ts'
import type { TaskRoute } from './task-route.ts'
import { type VertexBody, VertexRequest, VertexResponse, vertexAnswer } from './vertex.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whose errors a route answers with (`TaskRoute.errors`). */
    errors?: TaskRoute['errors']
  }
}

/** Every route of the list, and the forms of others: Hugging Face's, SageMaker's and Vertex AI's. */
export function registerTaskRoutes(
  app: FastifyInstance,
  { models, maxClientBatch }: { models: ServedModels; maxClientBatch: number },
): void {
  for (const route of taskRoutes) registerRoute(app, route, models)

  const hub = {
    summary: "A model as Hugging Face's inference clients ask for it: the body is that of its task",
    operationId: 'hub',
    body: { anyOf: hubTasks.map(({ request }) => request) },
    response: errorResponses,
  }
  // What the body must be says the model's task.
  app.post<{ Params: { '*': string }; Body: unknown }>(
    '/models/*',
    { schema: hub, attachValidation: true, config: { swaggerTransform: asNamed } },
    (request, reply) => {
      const served = models.find(request.params['*'].split('/')[0])
      return sent(reply, answerHub(served, { request, reply, body: request.body }))
    },
  )

  const root = (request: FastifyRequest, reply: FastifyReply) => {
    const { body } = request
    return sent(reply, answerRoot(models.find(named(body)), { request, reply, body }))
  }
  app.post('/', { schema: { hide: true } }, root)
  app.post(
    '/invocations',
    {
      schema: {
        summary: "SageMaker's name of what the model is for",
        operationId: 'invocations',
        body: { type: 'object' },
        response: errorResponses,
      },
    },
    root,
  )
  app.post<{ Body: VertexBody }>(
    '/vertex',
    {
      schema: {
        summary: "Vertex AI's form of what the model is for",
        operationId: 'vertex',
        body: VertexRequest,
        response: { 200: VertexResponse, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { instances, model } = request.body
      requireAtMost(instances.length, { most: maxClientBatch, what: 'instances' })
      const served = models.find(model)
      const answers = instances.map((body) => answerRoot(served, { request, reply, body }))
      return sent(reply, Promise.all(answers).then(vertexAnswer))
    },
  )
}

/** A route of any name in the document: with a name. */
function asNamed<S extends object>({ schema }: { schema: S }): { schema: S; url: string } {
  const name = { type: 'string', description: 'Which model; a server of one without a name answers to any.' }
  return { schema: { ...schema, params: { type: 'object', properties: { name } } }, url: '/models/:name' }
}

function registerRoute(app: FastifyInstance, route: TaskRoute, models: ServedModels): void {
  const { path, aliases = [], operationId, summary, request: body, response, errors } = route
  const handler = (request: FastifyRequest, reply: FastifyReply) => {
    const served = models.forRoute(route, named(request.body), routesFor)
    return sent(reply, route.answer(request.body, { ...served, reply }))
  }
  const failures = errors === 'openai' ? openAiErrorResponses : errorResponses
  const schema = { summary, operationId, body, response: { 200: response, ...failures } }
  const config = { errors }
  app.post(path, { schema, config }, handler)
  for (const alias of aliases) app.post(alias, { schema: { body, hide: true }, config }, handler)
}

/** A body that is not checked yet, and where it came from. */
interface Asked {
  request: FastifyRequest
  reply: FastifyReply
  body: unknown
}

/** What `POST /` is for a model: text-embeddings-inference's route, or Hugging Face's form. */
function answerRoot(served: ServedModel, asked: Asked): Promise<unknown> {
  const { inputs, parameters } = (asked.body ?? {}) as { inputs?: unknown; parameters?: unknown }
  const object = typeof inputs === 'object' && inputs !== null && !Array.isArray(inputs)
  const route = taskRoutes.find(({ root }) => root?.includes(served.model.task))
  return route && !object && parameters === undefined
    ? answerForm(route, served, asked)
    : answerHub(served, asked)
}

function answerHub(served: ServedModel, asked: Asked): Promise<unknown> {
  return answerForm(hubTaskOf(served.model.task), served, asked)
}

/** @throws 422 for a body of another form */
async function answerForm(
  { request: schema, answer }: Pick<TaskRoute, 'request' | 'answer'>,
  served: ServedModel,
  { request, reply, body }: Asked,
): Promise<unknown> {
  const validate = request.compileValidationSchema(schema as unknown as Record<string, unknown>, 'body')
  if (validate(body)) return answer(body, { ...served, reply })
  const errors = validate.errors as SchemaError[]
  throw Object.assign(schemaError(errors, 'body'), { validation: errors })
}

/** Sends an answer as it is made. */
async function sent(reply: FastifyReply, answer: Promise<unknown>): Promise<unknown> {
  const value = await answer
  if (!(value instanceof JsonPieces)) return value
  return reply.type('application/json; charset=utf-8').send(value.stream())
}

/** The model that a body names, which is not checked yet. */
function named(body: unknown): string | undefined {
  const { model } = (body ?? {}) as { model?: unknown }
  return typeof model === 'string' ? model : undefined
}
