import { component } from '../components.ts'
import { arrayPieces, JsonPieces } from '../json-pieces.ts'
import { requireSome } from '../requests.ts'
import { adapter, dimensions, encodingFormat, model, orNull, text } from '../schemas.ts'
import { cutOrRefused, taskRoute } from '../task-route.ts'
import { vectorJson } from '../vector-json.ts'

interface OpenAiBody {
  input: string | string[]
  encoding_format?: 'float' | 'base64' | null | undefined
  dimensions?: number | null | undefined
  adapter?: string | undefined
}

const OpenAIEmbeddingsRequest = component('OpenAIEmbeddingsRequest', {
  type: 'object',
  required: ['input'],
  additionalProperties: false,
  properties: {
    input: {
      description: 'A text, or an array of texts; lists of token ids are of another vocabulary.',
      anyOf: [text, { type: 'array', items: text }],
      examples: ['What a lovely film!'],
    },
    model,
    encoding_format: encodingFormat,
    dimensions: orNull(dimensions),
    user: { type: ['string', 'null'], description: 'Ignored.' },
    adapter,
  },
})

const OpenAIEmbedding = component('OpenAIEmbedding', {
  type: 'object',
  required: ['object', 'embedding', 'index'],
  properties: {
    object: { const: 'embedding' },
    embedding: { anyOf: [{ type: 'array', items: { type: 'number' } }, text] },
    index: { type: 'integer' },
  },
})

const OpenAIEmbeddingsResponse = component('OpenAIEmbeddingsResponse', {
  type: 'object',
  required: ['object', 'data', 'model', 'usage'],
  properties: {
    object: { const: 'list' },
    data: { type: 'array', items: OpenAIEmbedding },
    model: text,
    usage: {
      type: 'object',
      required: ['prompt_tokens', 'total_tokens'],
      properties: { prompt_tokens: { type: 'integer' }, total_tokens: { type: 'integer' } },
    },
  },
})

/** `POST /v1/embeddings`: vectors as OpenAI's clients ask for them, of length 1. */
export const openAiEmbeddings = taskRoute<'sentence-similarity', OpenAiBody>({
  path: '/v1/embeddings',
  aliases: ['/embeddings'],
  operationId: 'openAIEmbeddings',
  summary: "Vectors of texts, as OpenAI's clients ask for them",
  serves: ['sentence-similarity'],
  refusal: 'Model is not an embedding model',
  request: OpenAIEmbeddingsRequest,
  response: OpenAIEmbeddingsResponse,
  errors: 'openai',
  async answer({ input, encoding_format, dimensions, adapter }, { model, name, work, longText, reply }) {
    const asked = [input].flat()
    requireSome(asked, 'input')
    const vectors = await work(reply, asked, (call) =>
      model.embed(asked, {
        ...call,
        adapter,
        normalize: true,
        dimensions: dimensions ?? undefined,
        ...cutOrRefused({}, longText),
      }),
    )
    const tokens = Number(reply.getHeader('x-compute-tokens'))
    const rest = JSON.stringify({
      model: name ?? model.source,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    })
    return new JsonPieces(pieces(vectors, encoding_format ?? 'float', rest))
  },
})

function* pieces(
  vectors: readonly Float32Array[],
  format: 'float' | 'base64',
  rest: string,
): Generator<string> {
  yield '{"object":"list","data":'
  yield* arrayPieces(vectors, (vector, index) => [
    '{"object":"embedding","embedding":',
    vectorJson(vector, format),
    `,"index":${index}}`,
  ])
  yield `,${rest.slice(1)}`
}
