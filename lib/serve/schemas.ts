import { component, type SchemaRef } from './components.ts'

/** What schemas of several routes are made of. Names as in text-embeddings-inference. */

export const text = { type: 'string' } as const

/** With null for what nobody says. */
export const orNull = <T extends { type: string }>(schema: T) => ({
  ...schema,
  type: [schema.type, 'null'] as const,
})

/** A text or an array of them, which may be empty: {@link requireSome} says so of it. */
export const textsOrNone = {
  description: 'A text, or an array of texts.',
  anyOf: [text, { type: 'array', items: text }],
  examples: ['What a lovely film!'],
} as const

/** A text or an array of at least one. */
export const texts = {
  ...textsOrNone,
  anyOf: [text, { type: 'array', items: text, minItems: 1 }],
} as const

export const model = {
  type: 'string',
  description:
    'Which of the models, by its name; needed where several serve the route. A server of one model that was given no name answers to any.',
} as const

export const adapter = {
  type: 'string',
  description: "One of the model's adapters by its name (/adapters); without it, the model itself.",
} as const

const truncate = {
  type: ['boolean', 'null'],
  default: null,
  description:
    'Cut a text that is too long (true), or refuse it with 413 (false). Without it, or with null, it is refused, unless the server was told otherwise (--long-text).',
} as const

const truncationDirection = {
  type: 'string',
  enum: ['Left', 'Right', 'left', 'right'],
  description:
    "Which end of a text that is too long is cut. Default: what the model's tokenizer says, else Right.",
} as const

/** What the one output of a reranker is called, as its files call it. */
export const scoreLabel = 'LABEL_0'

export const rawScores = {
  type: 'boolean',
  default: false,
  description: 'Logits instead of probabilities.',
} as const

export const topLabels = orNull({
  type: 'integer',
  minimum: 1,
  description: 'Labels in the answer at most. Default: all.',
})

export const encodingFormat = {
  type: ['string', 'null'],
  enum: ['float', 'base64', null],
  description: 'Numbers (default), or base64 of little-endian float32.',
} as const

/** What becomes of a text that is too long. */
export const truncation = { truncate, truncation_direction: truncationDirection } as const

export const promptName = {
  type: ['string', 'null'],
  description:
    "What stands in front of each text, by its name in the model's folder (config_sentence_transformers.json).",
} as const

export const dimensions = {
  type: 'integer',
  minimum: 1,
  description: 'So many elements from the beginning of each vector, for a model that was trained for it.',
} as const

export const ErrorResponse = component('ErrorResponse', {
  type: 'object',
  required: ['error', 'error_type'],
  properties: {
    error: text,
    error_type: {
      type: 'string',
      enum: ['Unhealthy', 'Backend', 'Overloaded', 'Validation', 'Tokenizer', 'Empty', 'Timeout'],
    },
  },
})

/** The same as text-embeddings-inference tells OpenAI's clients. */
const OpenAIErrorResponse = component('OpenAIErrorResponse', {
  type: 'object',
  required: ['message', 'code', 'type'],
  properties: { message: text, code: { type: 'integer' }, type: text },
})

/** What may go wrong with work, by status. */
const failures = {
  400: 'The body is no JSON, or a list or text in it is empty.',
  401: 'The API key is missing or wrong.',
  404: 'There is no such model.',
  413: 'Too many bytes, texts or tokens.',
  422: 'The request has another form than the schema says.',
  424: 'The model is for another task, or failed.',
  429: 'The queue is full; Retry-After says when to come back.',
  503: 'The time limit has passed, or the server is going down.',
} as const

type Failures = Record<
  keyof typeof failures,
  { description: string; content: { 'application/json': { schema: SchemaRef } } }
>

/** The statuses that every route of work may answer with. */
function failuresAs(schema: SchemaRef): Failures {
  const entries = Object.entries(failures).map(([status, description]) => [
    status,
    { description, content: { 'application/json': { schema } } },
  ])
  return Object.fromEntries(entries) as Failures
}

/** The statuses that every route of work may answer with, as text-embeddings-inference tells them. */
export const errorResponses = failuresAs(ErrorResponse)

/** The same for OpenAI's clients. */
export const openAiErrorResponses = failuresAs(OpenAIErrorResponse)

/** The model of a request that has no body. */
export const modelQuery = {
  type: 'object',
  additionalProperties: false,
  properties: { model },
} as const
