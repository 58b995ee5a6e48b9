import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { answerHub, type HubBody } from './hub-routes.ts'
import { wrongModel } from './requests.ts'
import * as schemas from './schemas.ts'
import type { ServedModel } from './served-model.ts'
import type { Work } from './work.ts'

/** `inputs` of text-embeddings-inference: a text, a pair, or a batch of lists of one or two. */
type Inputs = string | string[] | string[][]

const sides = { Left: 'left', Right: 'right' } as const

interface PredictBody {
  inputs: Inputs
  truncate?: boolean | null | undefined
  truncation_direction?: keyof typeof sides | undefined
  raw_scores?: boolean | undefined
  adapter?: string | undefined
  top_k?: number | undefined
}

/**
 * `POST /predict`, and `POST /` as its other name, which takes Hugging Face's form too (`parameters`): texts classified,
 * what it took in the headers.
 */
export function predictRoutes(
  app: FastifyInstance,
  { model, work }: { model: ServedModel; work: Work },
): void {
  const predict = async (request: FastifyRequest<{ Body: PredictBody }>, reply: FastifyReply) => {
    if (model.task !== 'sequence-classification')
      throw wrongModel('Model is not a classifier model', model.task)
    const { inputs, truncate, truncation_direction, raw_scores, adapter, top_k } = request.body
    const batch = Array.isArray(inputs) && Array.isArray(inputs[0])
    const texts = batch ? (inputs as string[][]) : [[inputs as string | string[]].flat()]
    const results = await work(reply, texts.length, (call) =>
      model.classify(
        texts.map((parts) => (parts.length === 1 ? parts[0]! : (parts as [string, string]))),
        {
          ...call,
          adapter,
          longText: truncate ? 'truncate' : 'refuse',
          truncationSide: truncation_direction && sides[truncation_direction],
        },
      ),
    )
    const answers = results.map(({ scores, logits, labels }) => {
      const ranked = raw_scores
        ? labels.map((label, i) => ({ score: logits[i]!, label })).sort((x, y) => y.score - x.score)
        : scores.map(({ label, score }) => ({ score, label }))
      return ranked.slice(0, top_k)
    })
    return batch ? answers : answers[0]
  }
  const predictSchema = {
    body: schemas.predictRequest,
    response: { 200: schemas.predictResponse, ...schemas.errorResponses },
  }
  app.post('/predict', { schema: { ...predictSchema, summary: 'Classify', operationId: 'predict' } }, predict)
  app.post<{ Body: PredictBody | HubBody }>(
    '/',
    { schema: { body: schemas.rootRequest, hide: true } },
    (request, reply) =>
      'parameters' in request.body
        ? answerHub(model, request.body as HubBody, { work, reply })
        : predict(request as FastifyRequest<{ Body: PredictBody }>, reply),
  )
}
