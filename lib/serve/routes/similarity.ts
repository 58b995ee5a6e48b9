import { component } from '../components.ts'
import { requireSome } from '../requests.ts'
import { adapter, model, promptName, text, truncation } from '../schemas.ts'
import { cutOrRefused, type TruncationBody, taskRoute } from '../task-route.ts'

/** A text and those that are compared with it. */
export interface SimilarityInputs {
  source_sentence: string
  sentences: string[]
}

interface SimilarityBody {
  inputs: SimilarityInputs
  parameters?:
    | (TruncationBody & { prompt_name?: string | null | undefined; adapter?: string | undefined })
    | null
    | undefined
}

export const SimilarityInput = component('SimilarityInput', {
  type: 'object',
  required: ['source_sentence', 'sentences'],
  additionalProperties: false,
  properties: {
    source_sentence: text,
    sentences: { type: 'array', items: text },
  },
})

const SimilarityRequest = component('SimilarityRequest', {
  type: 'object',
  required: ['inputs'],
  additionalProperties: false,
  properties: {
    inputs: SimilarityInput,
    parameters: {
      type: ['object', 'null'],
      additionalProperties: false,
      properties: { ...truncation, prompt_name: promptName, adapter },
    },
    model,
  },
})

const SimilarityResponse = component('SimilarityResponse', {
  description: "The cosine of each sentence's vector with the source's.",
  type: 'array',
  items: { type: 'number' },
})

/** `POST /similarity`: how near a text is to others. */
export const similarity = taskRoute<'sentence-similarity', SimilarityBody>({
  path: '/similarity',
  operationId: 'similarity',
  summary: 'How near a text is to others',
  serves: ['sentence-similarity'],
  refusal: 'Model is not an embedding model',
  request: SimilarityRequest,
  response: SimilarityResponse,
  async answer({ inputs: { source_sentence, sentences }, parameters }, { model, work, longText, reply }) {
    requireSome(sentences, 'inputs.sentences')
    const { prompt_name, adapter, ...body } = parameters ?? {}
    return work(reply, [source_sentence, ...sentences], (call) =>
      model.similarity(source_sentence, sentences, {
        ...call,
        adapter,
        ...cutOrRefused(body, longText),
        promptName: prompt_name ?? undefined,
      }),
    )
  },
})
