import type { LongText } from '../../inference/long-texts.ts'
import { component } from '../components.ts'
import { arrayPieces, JsonPieces } from '../json-pieces.ts'
import { requireSome } from '../requests.ts'
import { adapter, dimensions, model, orNull, promptName, textsOrNone, truncation } from '../schemas.ts'
import { cutOrRefused, type TruncationBody, taskRoute } from '../task-route.ts'
import { vectorJson } from '../vector-json.ts'

interface EmbedAllBody extends TruncationBody {
  inputs: string | string[]
  prompt_name?: string | null | undefined
  adapter?: string | undefined
}

interface EmbedBody extends EmbedAllBody {
  normalize?: boolean | undefined
  dimensions?: number | null | undefined
}

const fields = {
  inputs: textsOrNone,
  ...truncation,
  prompt_name: promptName,
  adapter,
  model,
} as const

const request = (properties: object) => ({
  type: 'object',
  required: ['inputs'],
  additionalProperties: false,
  properties,
})

const EmbedRequest = component(
  'EmbedRequest',
  request({
    ...fields,
    normalize: { type: 'boolean', default: true, description: 'Vectors of length 1.' },
    dimensions: orNull(dimensions),
  }),
)

const EmbedAllRequest = component('EmbedAllRequest', request(fields))

const vector = { type: 'array', items: { type: 'number' } } as const

const EmbedResponse = component('EmbedResponse', {
  description: 'A vector of each text.',
  type: 'array',
  items: vector,
})

const EmbedAllResponse = component('EmbedAllResponse', {
  description: 'Of each text a vector of each token, special tokens included.',
  type: 'array',
  items: { type: 'array', items: vector },
})

const serves = {
  serves: ['sentence-similarity'],
  refusal: 'Model is not an embedding model',
} as const

/** `POST /embed`: a vector of each text. */
export const embed = taskRoute<'sentence-similarity', EmbedBody>({
  ...serves,
  path: '/embed',
  operationId: 'embed',
  summary: 'Vectors of texts',
  root: ['sentence-similarity'],
  request: EmbedRequest,
  response: EmbedResponse,
  async answer({ inputs, normalize = true, dimensions, ...body }, { model, work, longText, reply }) {
    const asked = [inputs].flat()
    requireSome(asked, 'inputs')
    const vectors = await work(reply, asked, (call) =>
      model.embed(asked, {
        ...call,
        ...optionsOf(body, longText),
        normalize,
        dimensions: dimensions ?? undefined,
      }),
    )
    return new JsonPieces(arrayPieces(vectors, (vector) => [vectorJson(vector)]))
  },
})

/** `POST /embed_all`: a vector of each token. */
export const embedAll = taskRoute<'sentence-similarity', EmbedAllBody>({
  ...serves,
  path: '/embed_all',
  operationId: 'embedAll',
  summary: 'Vectors of the tokens of texts, before pooling',
  request: EmbedAllRequest,
  response: EmbedAllResponse,
  async answer({ inputs, ...body }, { model, work, longText, reply }) {
    const asked = [inputs].flat()
    requireSome(asked, 'inputs')
    const found = await work(reply, asked, (call) =>
      model.embedTokens(asked, { ...call, ...optionsOf(body, longText) }),
    )
    return new JsonPieces(
      arrayPieces(found, (vectors) => arrayPieces(vectors, (vector) => [vectorJson(vector)])),
    )
  },
})

function optionsOf(
  { prompt_name, adapter, ...body }: Omit<EmbedAllBody, 'inputs'>,
  longText: LongText | undefined,
) {
  return { adapter, promptName: prompt_name ?? undefined, ...cutOrRefused(body, longText) }
}
