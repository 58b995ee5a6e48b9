import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Aggregation } from '../inference/entities.ts'
import type { TextClassifier } from '../inference/text-classifier.ts'
import type { TokenClassifier } from '../inference/token-classifier.ts'
import { entailmentOf, rankZeroShot, zeroShotPairs } from '../inference/zero-shot.ts'
import { sigmoid, softmax } from '../tasks/arithmetic.ts'
import { charactersBefore } from './characters.ts'
import { httpError, wrongModel } from './requests.ts'
import * as schemas from './schemas.ts'
import type { ServedModel } from './served-model.ts'
import type { Work } from './work.ts'

/** What Hugging Face's clients send: `InferenceClient` of Python, `@huggingface/inference` of JavaScript. */
export interface HubBody {
  inputs: string | string[]
  parameters?:
    | {
        top_k?: number | null
        function_to_apply?: 'sigmoid' | 'softmax' | 'none' | null
        aggregation_strategy?: Aggregation | null
        ignore_labels?: string[] | null
        stride?: number | null
        candidate_labels?: string[] | string | null
        hypothesis_template?: string | null
        multi_label?: boolean | null
        adapter?: string | null
      }
    | null
    | undefined
  options?: object | null | undefined
}

/** `POST /models/{anything}`: the model as Hugging Face's inference API serves it, by the parameters of its task. */
export function hubRoutes(app: FastifyInstance, { model, work }: { model: ServedModel; work: Work }): void {
  const schema = {
    summary: "The model as Hugging Face's inference clients ask for it",
    operationId: 'hub',
    body: schemas.hubRequest,
    response: schemas.errorResponses,
  }
  app.post('/models/*', { schema }, (request: FastifyRequest<{ Body: HubBody }>, reply) =>
    answerHub(model, request.body, { work, reply }),
  )
}

/** The answer to a body in Hugging Face's form. */
export async function answerHub(
  model: ServedModel,
  { inputs, parameters }: HubBody,
  { work, reply }: { work: Work; reply: FastifyReply },
): Promise<unknown> {
  const asked = parameters ?? {}
  const texts = [inputs].flat()
  if (model.task === 'token-classification') {
    const answers = await tagged(model, texts, { asked, work, reply })
    return Array.isArray(inputs) ? answers : answers[0]
  }
  if (asked.candidate_labels) {
    const answers = await Promise.all(texts.map((text) => zeroShot(model, text, { asked, work, reply })))
    return Array.isArray(inputs) ? answers : answers[0]
  }
  return classified(model, texts, { asked, work, reply })
}

type Asked = NonNullable<HubBody['parameters']>
interface Context {
  asked: Asked
  work: Work
  reply: FastifyReply
}

async function classified(
  model: TextClassifier,
  texts: readonly string[],
  { asked, work, reply }: Context,
): Promise<{ label: string; score: number }[][]> {
  const results = await work(reply, texts.length, (call) =>
    model.classify(texts, { ...call, adapter: asked.adapter ?? undefined }),
  )
  const scoresOf = { sigmoid, softmax, none: (logits: ArrayLike<number>) => Array.from(logits) }
  return results.map(({ scores, logits, labels }) => {
    const values = asked.function_to_apply ? scoresOf[asked.function_to_apply](logits) : null
    const ranked = values
      ? labels.map((label, i) => ({ label, score: values[i]! })).sort((a, b) => b.score - a.score)
      : scores
    return ranked.slice(0, asked.top_k ?? undefined)
  })
}

async function zeroShot(
  model: TextClassifier,
  text: string,
  { asked, work, reply }: Context,
): Promise<{ label: string; score: number }[]> {
  const { candidate_labels, hypothesis_template, multi_label } = asked
  const entailment = entailmentOf(model)
  if (!entailment) throw wrongModel('Model is not a model of natural language inference', model.task)
  const labels = [candidate_labels!]
    .flat()
    .flatMap((label) =>
      typeof candidate_labels === 'string' ? label.split(',').map((name) => name.trim()) : [label],
    )
  const pairs = zeroShotPairs(text, labels, hypothesis_template ?? undefined)
  if (pairs.length > model.maxQueue)
    throw httpError(
      413,
      `A request takes at most ${model.maxQueue} candidate labels, received ${pairs.length}: split it.`,
    )
  const results = await work(reply, 1, (call) => model.classify(pairs, { ...call, truncation: 'only_first' }))
  return rankZeroShot(
    results.map(({ logits }) => logits),
    labels,
    { ...entailment, multiLabel: multi_label ?? false },
  )
}

async function tagged(
  model: TokenClassifier,
  texts: readonly string[],
  { asked, work, reply }: Context,
): Promise<object[][]> {
  const aggregation = asked.aggregation_strategy ?? 'none'
  const ignored = asked.ignore_labels ?? ['O']
  const results = await work(reply, texts.length, (call) =>
    model.tag(texts, { ...call, aggregation, adapter: asked.adapter ?? undefined }),
  )
  return results.map(({ entities, text }) => {
    const characters = charactersBefore(text)
    return entities
      .filter(({ label }) => !ignored.includes(label))
      .map(({ label, score, start, end, text: word }) => ({
        [aggregation === 'none' ? 'entity' : 'entity_group']: label,
        score,
        word,
        start: characters(start),
        end: characters(end),
      }))
  })
}
