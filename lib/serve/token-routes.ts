import type { FastifyInstance } from 'fastify'
import type { AnyTextModel } from '../inference/load-text-model.ts'
import type { InputToken } from '../inference/options.ts'
import { charactersBefore } from './characters.ts'
import { component } from './components.ts'
import { httpError, requireAtMost, requireFilled, requireSome, whileConnected } from './requests.ts'
import { errorResponses, model, promptName, text, textsOrNone } from './schemas.ts'
import type { ServedModels } from './served-models.ts'

const TokenizeRequest = component('TokenizeRequest', {
  type: 'object',
  required: ['inputs'],
  additionalProperties: false,
  properties: {
    inputs: textsOrNone,
    add_special_tokens: {
      type: 'boolean',
      default: true,
      description: 'Put the special tokens of the model around each text.',
    },
    prompt_name: promptName,
    model,
  },
})

const place = { type: ['integer', 'null'] } as const

const SimpleToken = component('SimpleToken', {
  type: 'object',
  required: ['id', 'text', 'special', 'start', 'stop'],
  properties: {
    id: { type: 'integer' },
    text,
    special: { type: 'boolean' },
    start: place,
    stop: place,
  },
})

const TokenizeResponse = component('TokenizeResponse', {
  description: 'The tokens of each text; start and stop are places in it, counted in Unicode characters.',
  type: 'array',
  items: { type: 'array', items: SimpleToken },
})

const ids = { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 1 } as const

const DecodeRequest = component('DecodeRequest', {
  type: 'object',
  required: ['ids'],
  additionalProperties: false,
  properties: {
    ids: {
      description: 'Ids of tokens [id, ...], or a batch of them [[id, ...], ...].',
      anyOf: [ids, { type: 'array', items: ids, minItems: 1 }],
    },
    skip_special_tokens: {
      type: 'boolean',
      default: true,
      description: 'Leave the special tokens of the model away.',
    },
    model,
  },
})

const DecodeResponse = component('DecodeResponse', {
  description: 'The text of each list of ids.',
  type: 'array',
  items: text,
})

interface TokenizeBody {
  inputs: string | string[]
  add_special_tokens?: boolean | undefined
  prompt_name?: string | null | undefined
  model?: string | undefined
}

interface DecodeBody {
  ids: number[] | number[][]
  skip_special_tokens?: boolean | undefined
  model?: string | undefined
}

/** `POST /tokenize` and `POST /decode`: between texts and the ids that a model reads. */
export function tokenRoutes(
  app: FastifyInstance,
  {
    models,
    maxClientBatch,
    requestTimeoutMs,
  }: { models: ServedModels; maxClientBatch: number; requestTimeoutMs: number },
): void {
  app.post<{ Body: TokenizeBody }>(
    '/tokenize',
    {
      schema: {
        summary: 'The tokens that the model reads',
        operationId: 'tokenize',
        body: TokenizeRequest,
        response: { 200: TokenizeResponse, ...errorResponses },
      },
    },
    async ({ body: { inputs, add_special_tokens, prompt_name, model: name } }, reply) => {
      const { model } = models.find(name)
      const prompt = promptFor(model, prompt_name ?? undefined)
      const texts = [inputs].flat()
      requireSome(texts, 'inputs')
      requireAtMost(texts.length, { most: maxClientBatch, what: 'texts' })
      requireFilled(texts)
      const asked = texts.map((one) => prompt + one)
      const options = {
        addSpecialTokens: add_special_tokens,
        signal: whileConnected(reply),
        timeoutMs: requestTimeoutMs,
      }
      return Promise.all(asked.map(async (one) => placed(one, await model.tokenize(one, options))))
    },
  )
  app.post<{ Body: DecodeBody }>(
    '/decode',
    {
      schema: {
        summary: 'The texts of token ids',
        operationId: 'decode',
        body: DecodeRequest,
        response: { 200: DecodeResponse, ...errorResponses },
      },
    },
    async ({ body: { ids, skip_special_tokens, model: name } }, reply) => {
      const { model } = models.find(name)
      const batch = Array.isArray(ids[0]) ? (ids as number[][]) : [ids as number[]]
      requireAtMost(batch.length, { most: maxClientBatch, what: 'lists of ids' })
      const options = {
        skipSpecialTokens: skip_special_tokens,
        signal: whileConnected(reply),
        timeoutMs: requestTimeoutMs,
      }
      return Promise.all(batch.map((one) => model.detokenize(one, options)))
    },
  )
}

/**
 * What stands in front of the texts of an embedding model.
 * @throws 422 for a prompt that it has not, and for one of another model
 */
function promptFor(model: AnyTextModel, promptName: string | undefined): string {
  if (model.task === 'sentence-similarity') return model.promptOf({ promptName })
  if (promptName === undefined) return ''
  throw httpError(422, `prompt_name: Model is not an embedding model, so it has no prompts.`)
}

/** Tokens of a text with their places in Unicode characters, as text-embeddings-inference counts. */
function placed(text: string, tokens: readonly InputToken[]) {
  const characters = charactersBefore(text)
  const at = (place: number | null) => (place === null ? null : characters(place))
  return tokens.map(({ id, text, special, start, end }) => ({
    id,
    text,
    special,
    start: at(start),
    stop: at(end),
  }))
}
