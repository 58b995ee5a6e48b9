import { type Aggregation, aggregations } from '../../inference/entities.ts'
import { charactersBefore } from '../characters.ts'
import { component } from '../components.ts'
import { orNull, text, texts } from '../schemas.ts'
import { given, type HubBody, hubRequest, hubTask, sayCut } from './hub-task.ts'

interface Parameters {
  aggregation_strategy: Aggregation
  ignore_labels: string[]
  stride: number
  adapter: string
}

const TokenClassificationRequest = component(
  'TokenClassificationRequest',
  hubRequest(texts, {
    aggregation_strategy: {
      type: ['string', 'null'],
      enum: [...aggregations, null],
      description: 'How tags of tokens become entities. Default simple.',
    },
    ignore_labels: {
      type: ['array', 'null'],
      items: text,
      description: 'Labels that are left out. Default: O.',
    },
    stride: orNull({
      type: 'integer',
      minimum: 0,
      description: 'Ignored: long texts are always read in windows that overlap.',
    }),
  }),
)

/** Entities as transformers' pipeline gives them, with places in characters, as Python counts. */
export const tokenClassification = hubTask<'token-classification', HubBody<string | string[], Parameters>>({
  task: 'token-classification',
  request: TokenClassificationRequest,
  async answer({ inputs, parameters }, { model, work, reply }) {
    const {
      aggregation_strategy: aggregation = 'simple',
      ignore_labels: ignored = ['O'],
      adapter,
    } = given(parameters)
    const asked = [inputs].flat()
    const results = await work(reply, asked, (call) => model.tag(asked, { ...call, aggregation, adapter }))
    sayCut(reply, results)
    const answers = results.map(({ entities, text }) => {
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
    return Array.isArray(inputs) ? answers : answers[0]
  },
})
