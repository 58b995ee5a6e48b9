import { component } from '../components.ts'
import { requireSome } from '../requests.ts'
import { adapter, model, rawScores, text, truncation } from '../schemas.ts'
import { cutOrRefused, type TruncationBody, taskRoute } from '../task-route.ts'

interface RerankBody extends TruncationBody {
  query: string
  texts: string[]
  raw_scores?: boolean | undefined
  return_text?: boolean | undefined
  adapter?: string | undefined
}

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

/** `POST /rerank`: texts by how well they answer a query. */
export const rerank = taskRoute<'reranking', RerankBody>({
  path: '/rerank',
  operationId: 'rerank',
  summary: 'Rank texts by how well they answer a query',
  serves: ['reranking'],
  root: ['reranking'],
  refusal: 'Model is not a re-ranker model',
  request: RerankRequest,
  response: RerankResponse,
  async answer(
    { query, texts, raw_scores, return_text, adapter, ...body },
    { model, work, longText, reply },
  ) {
    requireSome(texts, 'texts')
    const pairs = texts.map((text) => query + text)
    const ranking = await work(reply, pairs, (call) =>
      model.rank(query, texts, {
        ...call,
        adapter,
        rawScores: raw_scores,
        ...cutOrRefused(body, longText),
      }),
    )
    return ranking.map(({ index, score }) => ({
      index,
      ...(return_text ? { text: texts[index] } : {}),
      score,
    }))
  },
})
