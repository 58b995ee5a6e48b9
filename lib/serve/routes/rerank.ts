import { textOf } from '../../inference/inputs.ts'
import type { TextClassifier } from '../../inference/text-classifier.ts'
import {
  bestFirst,
  type RankedText,
  type RankInput,
  type RankOptions,
} from '../../inference/text-reranker.ts'
import { component } from '../components.ts'
import { httpError, requireSome } from '../requests.ts'
import { adapter, model, rawScores, text, truncation } from '../schemas.ts'
import { cutOrRefused, type TruncationBody, taskRoute } from '../task-route.ts'

interface RerankBody extends TruncationBody {
  query: string
  texts: string[]
  raw_scores?: boolean | undefined
  return_text?: boolean | undefined
  adapter?: string | undefined
}

const refusal = 'Model is not a re-ranker model'

const RerankRequest = component('RerankRequest', {
  type: 'object',
  required: ['query', 'texts'],
  additionalProperties: false,
  properties: {
    query: text,
    texts: { type: 'array', items: text },
    ...truncation,
    raw_scores: rawScores,
    return_text: { type: 'boolean', default: false, description: 'Give each text with its place.' },
    adapter,
    model,
  },
})

const Rank = component('Rank', {
  type: 'object',
  required: ['index', 'score'],
  properties: { index: { type: 'integer' }, text, score: { type: 'number' } },
})

const RerankResponse = component('RerankResponse', {
  description: 'The texts by how well they answer the query, best first.',
  type: 'array',
  items: Rank,
})

/** `POST /rerank`: texts by how well they answer a query, also by a classifier of one output, as many rerankers are saved. */
export const rerank = taskRoute<'reranking' | 'sequence-classification', RerankBody>({
  path: '/rerank',
  operationId: 'rerank',
  summary: 'Rank texts by how well they answer a query',
  serves: ['reranking', 'sequence-classification'],
  fits: (model) => model.task !== 'sequence-classification' || model.labels.length === 1,
  root: ['reranking'],
  refusal,
  request: RerankRequest,
  response: RerankResponse,
  async answer(
    { query, texts, raw_scores, return_text, adapter, ...body },
    { model, work, longText, reply },
  ) {
    requireSome(texts, 'texts')
    const pairs = texts.map((text) => query + text)
    const ranking = await work(reply, pairs, (call) => {
      const options = { ...call, adapter, ...cutOrRefused(body, longText) }
      return model.task === 'reranking'
        ? model.rank(query, texts, { ...options, rawScores: raw_scores })
        : rankByScore(model, { query, texts }, { ...options, rawScores: raw_scores })
    })
    return ranking.map(({ index, score }) => ({
      index,
      ...(return_text ? { text: texts[index] } : {}),
      score,
    }))
  },
})

/** The same by a classifier whose one output is the score. */
async function rankByScore(
  classifier: TextClassifier,
  { query, texts }: RankInput,
  { rawScores, ...options }: RankOptions,
): Promise<RankedText[]> {
  textOf(query, 'query', { filled: true })
  const results = await classifier.classify(
    texts.map((text) => [query, text] as const),
    options,
  )
  const { labels } = results[0]!
  if (labels.length !== 1)
    throw httpError(424, `${refusal}: the adapter ${options.adapter} has ${labels.length} outputs.`)
  return bestFirst(results.map(({ scores, logits }) => (rawScores ? logits[0]! : scores[0]!.score)))
}
