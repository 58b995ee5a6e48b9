import type { FastifyInstance } from 'fastify'
import type { TextClassifier } from '../inference/text-classifier.ts'
import * as schemas from './schemas.ts'

/** `POST /tokenize` and `GET /info`: what the model reads, and what it is. */
export function modelRoutes(
  app: FastifyInstance,
  options: { classifier: TextClassifier; maxClientBatch: number; version: string },
): void {
  const { classifier, maxClientBatch, version } = options
  app.post<{ Body: { inputs: string | string[] } }>(
    '/tokenize',
    {
      schema: {
        summary: 'The tokens that the model reads',
        body: schemas.tokenizeRequest,
        response: { 200: schemas.tokenizeResponse, ...schemas.errorResponses },
      },
    },
    ({ body: { inputs } }) => Promise.all([inputs].flat().map((text) => classifier.tokenize(text))),
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
