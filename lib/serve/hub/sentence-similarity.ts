import { component } from '../components.ts'
import { arrayPieces, JsonPieces } from '../json-pieces.ts'
import { SimilarityInput, type SimilarityInputs } from '../routes/similarity.ts'
import { adapter, dimensions, model, orNull, promptName, text } from '../schemas.ts'
import { sideOf } from '../task-route.ts'
import { vectorJson } from '../vector-json.ts'
import { hubTask } from './hub-task.ts'

interface Parameters {
  normalize?: boolean | null | undefined
  prompt_name?: string | null | undefined
  truncate?: boolean | null | undefined
  truncation_direction?: 'left' | 'right' | 'Left' | 'Right' | null | undefined
  dimensions?: number | null | undefined
  encoding_format?: 'float' | 'base64' | null | undefined
  adapter?: string | null | undefined
}

interface Body extends Parameters {
  inputs: string | string[] | SimilarityInputs
  parameters?: Parameters | null | undefined
}

const parameters = {
  normalize: orNull({ type: 'boolean', description: 'Vectors of length 1. Default true.' }),
  prompt_name: promptName,
  truncate: orNull({
    type: 'boolean',
    description:
      'Cut a text that is too long, or refuse it. Default: as the server was told (--long-text), which cuts unless told.',
  }),
  truncation_direction: {
    type: ['string', 'null'],
    enum: ['left', 'right', 'Left', 'Right', null],
    description: "Which end is cut. Default: what the model's tokenizer says, else right.",
  },
  dimensions: orNull(dimensions),
  encoding_format: {
    type: ['string', 'null'],
    enum: ['float', 'base64', null],
    description: 'Numbers (default), or base64 of little-endian float32.',
  },
  adapter: { ...adapter, type: ['string', 'null'] },
} as const

/** Hugging Face's clients send what feature extraction takes beside `inputs`, and not in `parameters`. */
const FeatureExtractionRequest = component('FeatureExtractionRequest', {
  type: 'object',
  required: ['inputs'],
  additionalProperties: false,
  properties: {
    inputs: {
      description:
        'A text, an array of texts, or {source_sentence, sentences}, which are compared. Of texts the vectors are given.',
      anyOf: [text, { type: 'array', items: text, minItems: 1 }, SimilarityInput],
    },
    ...parameters,
    parameters: { type: ['object', 'null'], additionalProperties: false, properties: parameters },
    options: { type: ['object', 'null'], description: "Of Hugging Face's own service: ignored." },
    model,
  },
})

/** Vectors of texts (feature extraction), or how near one is to others (sentence similarity), by the form of `inputs`. */
export const sentenceSimilarity = hubTask<'sentence-similarity', Body>({
  task: 'sentence-similarity',
  request: FeatureExtractionRequest,
  async answer({ inputs, parameters, ...root }, { model, work, reply }) {
    const asked: Parameters = { ...root, ...parameters }
    const options = {
      adapter: asked.adapter ?? undefined,
      promptName: asked.prompt_name ?? undefined,
      dimensions: asked.dimensions ?? undefined,
      // Where a request says nothing, the model's own.
      longText: asked.truncate ? 'truncate' : asked.truncate === false ? 'refuse' : undefined,
      truncationSide: sideOf(asked.truncation_direction),
    } as const
    if (typeof inputs === 'object' && !Array.isArray(inputs)) {
      const { source_sentence, sentences } = inputs
      return work(reply, [source_sentence, ...sentences], (call) =>
        model.similarity(source_sentence, sentences, { ...call, ...options }),
      )
    }
    const texts = [inputs].flat()
    const vectors = await work(reply, texts, (call) =>
      model.embed(texts, { ...call, ...options, normalize: asked.normalize ?? true }),
    )
    const format = asked.encoding_format ?? 'float'
    return new JsonPieces(arrayPieces(vectors, (vector) => [vectorJson(vector, format)]))
  },
})
