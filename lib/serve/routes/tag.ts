import { type Aggregation, aggregations } from '../../inference/entities.ts'
import { component } from '../components.ts'
import { adapter, model, text, texts } from '../schemas.ts'
import { longTextOf, taskRoute } from '../task-route.ts'

interface TagBody {
  inputs: string | string[]
  aggregation?: Aggregation | undefined
  truncate?: boolean | null | undefined
  adapter?: string | undefined
}

const TagRequest = component('TagRequest', {
  type: 'object',
  required: ['inputs'],
  additionalProperties: false,
  properties: {
    inputs: texts,
    aggregation: {
      type: 'string',
      enum: aggregations,
      default: 'simple',
      description: 'How tags of tokens become entities.',
    },
    truncate: {
      type: ['boolean', 'null'],
      default: false,
      description:
        'Cut a text that is too long; without it windows are tagged and put together, unless the server was told otherwise.',
    },
    adapter,
    model,
  },
})

const span = {
  label: text,
  score: { type: 'number' },
  start: { type: 'integer' },
  end: { type: 'integer' },
} as const

const TaggedWord = component('TaggedWord', {
  type: 'object',
  required: Object.keys(span),
  properties: span,
})

const Entity = component('Entity', {
  type: 'object',
  required: [...Object.keys(span), 'text'],
  properties: { ...span, text },
})

const Tagging = component('Tagging', {
  type: 'object',
  required: ['tokens', 'entities', 'truncated'],
  properties: {
    tokens: { type: 'array', items: TaggedWord },
    entities: { type: 'array', items: Entity },
    truncated: { type: 'boolean', description: 'Whether a part of the text was not read.' },
  },
})

const TagResponse = component('TagResponse', {
  description:
    'Words with their tags, and entities; start and end are places in the text in UTF-16 code units, as slice of JavaScript takes them.',
  anyOf: [Tagging, { type: 'array', items: Tagging }],
})

/** `POST /tag`: the words of texts with their tags, and the entities that they make. */
export const tag = taskRoute<'token-classification', TagBody>({
  path: '/tag',
  operationId: 'tag',
  summary: 'Find entities',
  serves: ['token-classification'],
  refusal: 'Model is not a token classification model',
  request: TagRequest,
  response: TagResponse,
  async answer({ inputs, aggregation, truncate, adapter }, { model, work, longText, reply }) {
    const asked = [inputs].flat()
    const results = await work(reply, asked, (call) =>
      model.tag(asked, {
        ...call,
        aggregation,
        adapter,
        longText: longTextOf({ truncate }, longText ?? 'windows'),
      }),
    )
    const answers = results.map(({ tokens, entities, truncated }) => ({ tokens, entities, truncated }))
    return Array.isArray(inputs) ? answers : answers[0]
  },
})
