import type { LabelScore } from '../../inference/decode.ts'
import { component } from '../components.ts'
import { adapter, model, rawScores, scoreLabel, text, topLabels, truncation } from '../schemas.ts'
import { cutOrRefused, longTextOf, sideOf, type TruncationBody, taskRoute } from '../task-route.ts'

/** `inputs` of text-embeddings-inference: a text, a pair, or a batch of lists of one or two. */
type Inputs = string | string[] | string[][]

interface PredictBody extends TruncationBody {
  inputs: Inputs
  raw_scores?: boolean | undefined
  adapter?: string | undefined
  top_k?: number | null | undefined
}

const one = { type: 'array', items: text, minItems: 1, maxItems: 2 } as const

const PredictRequest = component('PredictRequest', {
  type: 'object',
  required: ['inputs'],
  additionalProperties: false,
  properties: {
    inputs: {
      description:
        'A text, a pair [text, text], or a batch [[text], [text, text], ...] of texts and pairs, mixed as you like.',
      anyOf: [text, one, { type: 'array', items: one, minItems: 1 }],
      examples: ['What a lovely film!'],
    },
    ...truncation,
    raw_scores: rawScores,
    adapter,
    top_k: topLabels,
    model,
  },
})

const Prediction = component('Prediction', {
  type: 'object',
  required: ['score', 'label'],
  properties: { score: { type: 'number' }, label: text },
})

const predictions = { type: 'array', items: Prediction } as const

const PredictResponse = component('PredictResponse', {
  description: 'Labels and scores, best first: a list for one input, a list of lists for a batch.',
  anyOf: [predictions, { type: 'array', items: predictions }],
})

/** `POST /predict`: texts and pairs classified; by a reranker each is scored by itself. */
export const predict = taskRoute<'sequence-classification' | 'reranking', PredictBody>({
  path: '/predict',
  operationId: 'predict',
  summary: 'Classify texts',
  serves: ['sequence-classification', 'reranking'],
  root: ['sequence-classification'],
  refusal: 'Model is not a classifier model',
  request: PredictRequest,
  response: PredictResponse,
  async answer(
    { inputs, truncate, truncation_direction, raw_scores, adapter, top_k },
    { model, work, longText, reply },
  ) {
    const batch = Array.isArray(inputs) && Array.isArray(inputs[0])
    const parts = batch ? (inputs as string[][]) : [[inputs as string | string[]].flat()]
    const asked = parts.map((texts) => (texts.length === 1 ? texts[0]! : (texts as [string, string])))
    const answers = await work(
      reply,
      parts.map((texts) => texts.join('')),
      async (call): Promise<LabelScore[][]> => {
        const options = { ...call, adapter, truncationSide: sideOf(truncation_direction) }
        if (model.task === 'reranking') {
          const scores = await model.score(asked, {
            ...options,
            ...cutOrRefused({ truncate, truncation_direction }, longText),
            rawScores: raw_scores,
          })
          return scores.map((score) => [{ score, label: scoreLabel }])
        }
        const results = await model.classify(asked, {
          ...options,
          longText: longTextOf({ truncate }, longText),
        })
        return results.map(({ scores, logits, labels }) =>
          raw_scores
            ? labels.map((label, i) => ({ score: logits[i]!, label })).sort((x, y) => y.score - x.score)
            : scores.map(({ label, score }) => ({ score, label })),
        )
      },
    )
    const best = answers.map((ranked) => ranked.slice(0, top_k ?? undefined))
    return batch ? best : best[0]
  },
})
