import type { FastifyInstance } from 'fastify'
import { loadedFrom } from '../addon.ts'
import type { AnyTextModel } from '../inference/load-text-model.ts'
import { explainDType } from '../weight-dtype.ts'
import { component } from './components.ts'
import { routesFor } from './routes/index.ts'
import { errorResponses, modelQuery, scoreLabel, text } from './schemas.ts'
import type { ServedModel, ServedModels } from './served-models.ts'

const textOrNull = { type: ['string', 'null'] } as const
const count = { type: 'integer' } as const

const Info = component('Info', {
  type: 'object',
  description: 'A model and its limits; names as in text-embeddings-inference, and what it has not.',
  required: ['model_id', 'model_dtype', 'model_type', 'max_input_length', 'max_client_batch_size', 'version'],
  properties: {
    model_id: text,
    model_sha: textOrNull,
    model_dtype: text,
    model_dtype_reason: {
      ...text,
      description: "Why it is that dtype: of 'auto' what the device multiplies.",
    },
    model_products: { ...text, description: 'What multiplies its weights.' },
    served_model_name: text,
    model_type: {
      type: 'object',
      additionalProperties: true,
      description: 'classifier, token_classifier, embedding, reranker, ..., with what there is to say of it.',
    },
    architecture: text,
    task: text,
    routes: { type: 'array', items: text, description: 'The routes that serve it.' },
    problem_type: text,
    has_head: { type: 'boolean' },
    merged_adapter: textOrNull,
    device: text,
    max_concurrent_requests: count,
    max_input_length: count,
    max_batch_tokens: count,
    max_batch_requests: { type: ['integer', 'null'] },
    max_client_batch_size: count,
    auto_truncate: {
      type: 'boolean',
      description: 'Whether a long text is cut unless a request says otherwise.',
    },
    tokenization_workers: count,
    version: text,
    sha: textOrNull,
    docker_label: textOrNull,
    warnings: {
      type: 'array',
      items: text,
      description: 'What makes it slower than it could be here: a file of CUDA kernels that is not there.',
    },
  },
})

const Infos = component('Infos', {
  type: 'object',
  description: 'The models of a server of several, as /info?model=NAME has each.',
  required: ['models'],
  properties: { models: { type: 'array', items: Info } },
})

const Models = component('Models', {
  type: 'object',
  required: ['object', 'data'],
  properties: {
    object: { const: 'list' },
    data: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'object', 'created', 'owned_by'],
        properties: { id: text, object: { const: 'model' }, created: count, owned_by: text },
      },
    },
  },
})

/** `GET /info`, and `GET /v1/models` as OpenAI's clients list models. */
export function infoRoutes(
  app: FastifyInstance,
  { models, ...server }: { models: ServedModels; maxClientBatch: number; version: string },
): void {
  app.get<{ Querystring: { model?: string } }>(
    '/info',
    {
      schema: {
        summary: 'The model and the limits; of several the one that is named, else all',
        operationId: 'info',
        querystring: modelQuery,
        response: {
          200: { description: 'A model, or all.', anyOf: [Info, Infos] },
          401: errorResponses[401],
          404: errorResponses[404],
        },
      },
    },
    ({ query }) =>
      query.model === undefined && models.all.length > 1
        ? { models: models.all.map((served) => infoOf(served, server)) }
        : infoOf(models.find(query.model), server),
  )
  const created = Math.floor(Date.now() / 1000)
  app.get(
    '/v1/models',
    {
      schema: {
        summary: 'The models by their names',
        operationId: 'models',
        response: { 200: Models, 401: errorResponses[401] },
      },
    },
    () => ({
      object: 'list',
      data: models.all.map(({ name, model }) => ({
        id: name ?? model.source,
        object: 'model',
        created,
        owned_by: 'torch-lora',
      })),
    }),
  )
}

function infoOf(
  { name, model, longText }: ServedModel,
  { maxClientBatch, version }: { maxClientBatch: number; version: string },
) {
  return {
    model_id: model.source,
    model_sha: null,
    model_dtype: model.dtype,
    model_dtype_reason: model.dtypeReason,
    model_products: explainDType(model.dtype, model.device),
    served_model_name: name ?? model.source,
    model_type: typeOf(model),
    architecture: model.config.modelType,
    task: model.task,
    routes: routesFor(model),
    ...(model.task === 'sequence-classification' ? { problem_type: model.problemType } : {}),
    has_head: model.hasHead,
    merged_adapter: model.mergedAdapter ?? null,
    device: model.device,
    max_concurrent_requests: model.maxQueue,
    max_input_length: model.maxLength,
    max_batch_tokens: model.maxBatchTokens,
    max_batch_requests: null,
    max_client_batch_size: maxClientBatch,
    auto_truncate: longText === 'truncate',
    tokenization_workers: 1,
    version,
    sha: null,
    docker_label: null,
    warnings: loadedFrom()?.warnings ?? [],
  }
}

/** text-embeddings-inference's word for what a model is, and what there is to say of it. */
function typeOf(model: AnyTextModel): object {
  switch (model.task) {
    case 'sequence-classification':
      return { classifier: labelsOf(model.labels) }
    case 'token-classification':
      return { token_classifier: labelsOf(model.labels) }
    case 'sentence-similarity': {
      const { pooling, dimensions, normalized, prompts } = model
      return { embedding: { pooling, dimensions, normalized, prompts: Object.keys(prompts) } }
    }
    case 'reranking':
      return { reranker: { id2label: { 0: scoreLabel }, label2id: { [scoreLabel]: 0 } } }
    case 'question-answering':
      return { question_answerer: {} }
    case 'masked-language-model':
      return { mask_filler: { mask_token: model.maskToken } }
  }
}

function labelsOf(labels: readonly string[]): object {
  return {
    id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
    labels,
  }
}
