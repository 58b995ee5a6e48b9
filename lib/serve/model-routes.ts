import type { FastifyInstance } from 'fastify'
import type { InputToken } from '../inference/options.ts'
import { charactersBefore } from './characters.ts'
import { whileConnected } from './requests.ts'
import * as schemas from './schemas.ts'
import type { ServedModel } from './served-model.ts'

/** `POST /tokenize` and `GET /info`: what the model reads, and what it is. */
export function modelRoutes(
  app: FastifyInstance,
  options: {
    model: ServedModel
    maxClientBatch: number
    requestTimeoutMs: number
    version: string
  },
): void {
  const { model, maxClientBatch, requestTimeoutMs, version } = options
  app.post<{ Body: { inputs: string | string[]; add_special_tokens?: boolean | undefined } }>(
    '/tokenize',
    {
      schema: {
        summary: 'The tokens that the model reads',
        body: schemas.tokenizeRequest(maxClientBatch),
        response: { 200: schemas.tokenizeResponse, ...schemas.errorResponses },
      },
    },
    ({ body: { inputs, add_special_tokens } }, reply) => {
      const options = {
        addSpecialTokens: add_special_tokens,
        signal: whileConnected(reply),
        timeoutMs: requestTimeoutMs,
      }
      return Promise.all(
        [inputs].flat().map(async (text) => placed(text, await model.tokenize(text, options))),
      )
    },
  )

  app.get('/info', { schema: { summary: 'The model and the limits' } }, () => {
    const { labels } = model
    return {
      model_id: model.source,
      model_dtype: model.dtype,
      model_type: {
        [model.task === 'sequence-classification' ? 'classifier' : 'token_classifier']: {
          id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
          label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
          labels,
        },
      },
      architecture: model.config.modelType,
      task: model.task,
      ...(model.task === 'sequence-classification' ? { problem_type: model.problemType } : {}),
      has_head: model.hasHead,
      merged_adapter: model.mergedAdapter ?? null,
      device: model.device,
      max_concurrent_requests: model.maxQueue,
      max_input_length: model.maxLength,
      max_batch_tokens: model.maxBatchTokens,
      max_client_batch_size: maxClientBatch,
      auto_truncate: false,
      tokenization_workers: 1,
      version,
    }
  })
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
