import type { FastifyInstance } from 'fastify'
import type { InputToken } from '../inference/options.ts'
import type { TextClassifier } from '../inference/text-classifier.ts'
import { whileConnected } from './requests.ts'
import * as schemas from './schemas.ts'

/** `POST /tokenize` and `GET /info`: what the model reads, and what it is. */
export function modelRoutes(
  app: FastifyInstance,
  options: {
    classifier: TextClassifier
    maxClientBatch: number
    requestTimeoutMs: number
    version: string
  },
): void {
  const { classifier, maxClientBatch, requestTimeoutMs, version } = options
  app.post<{ Body: { inputs: string | string[]; add_special_tokens?: boolean } }>(
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
        [inputs].flat().map(async (text) => placed(text, await classifier.tokenize(text, options))),
      )
    },
  )

  app.get('/info', { schema: { summary: 'The model and the limits' } }, () => {
    const { labels, problemType } = classifier
    return {
      model_id: classifier.source,
      model_dtype: classifier.dtype,
      model_type: {
        classifier: {
          id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
          label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
          labels,
        },
      },
      architecture: classifier.config.modelType,
      problem_type: problemType,
      has_head: classifier.hasHead,
      merged_adapter: classifier.mergedAdapter ?? null,
      device: classifier.device,
      max_concurrent_requests: classifier.maxQueue,
      max_input_length: classifier.maxLength,
      max_batch_tokens: classifier.maxBatchTokens,
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

/** How many characters stand before a place in UTF-16 code units. */
function charactersBefore(text: string): (place: number) => number {
  if (!/\p{Surrogate}|[\u{10000}-\u{10ffff}]/u.test(text)) return (place) => place
  const before = new Uint32Array(text.length + 1)
  for (let i = 0; i < text.length; i++) {
    const second = /[\udc00-\udfff]/.test(text[i]!) && i > 0
    before[i + 1] = before[i]! + (second ? 0 : 1)
  }
  return (place) => before[place]!
}
