import type { FastifyInstance } from 'fastify'
import type { Aggregation } from '../inference/entities.ts'
import { wrongModel } from './requests.ts'
import * as schemas from './schemas.ts'
import type { ServedModel } from './served-model.ts'
import type { Work } from './work.ts'

interface TagBody {
  inputs: string | string[]
  aggregation?: Aggregation | undefined
  truncate?: boolean | null | undefined
  adapter?: string | undefined
}

/** `POST /tag`: the words of texts with their tags, and the entities that they make. */
export function tagRoutes(app: FastifyInstance, { model, work }: { model: ServedModel; work: Work }): void {
  app.post<{ Body: TagBody }>(
    '/tag',
    {
      schema: {
        summary: 'Find entities',
        operationId: 'tag',
        body: schemas.tagRequest,
        response: { 200: schemas.tagResponse, ...schemas.errorResponses },
      },
    },
    async ({ body: { inputs, aggregation, truncate, adapter } }, reply) => {
      if (model.task !== 'token-classification')
        throw wrongModel('Model is not a token classification model', model.task)
      const texts = [inputs].flat()
      const results = await work(reply, texts.length, (call) =>
        model.tag(texts, {
          ...call,
          aggregation,
          adapter,
          longText: truncate ? 'truncate' : 'windows',
        }),
      )
      const answers = results.map(({ tokens, entities }) => ({ tokens, entities }))
      return Array.isArray(inputs) ? answers : answers[0]
    },
  )
}
