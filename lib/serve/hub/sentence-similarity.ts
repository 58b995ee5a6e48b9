import { component } from '../components.ts'
import { arrayPieces, JsonPieces } from '../json-pieces.ts'
import { requireSome } from '../requests.ts'
import { SimilarityInput, type SimilarityInputs } from '../routes/similarity.ts'
import { dimensions, encodingFormat, orNull, promptName, text } from '../schemas.ts'
import { type Direction, sideOf } from '../task-route.ts'
import { vectorJson } from '../vector-json.ts'
import { given, type HubBody, hubRequest, hubTask } from './hub-task.ts'

interface Parameters {
  normalize: boolean
  prompt_name: string
  truncate: boolean
  truncation_direction: Direction
  dimensions: number
  encoding_format: 'float' | 'base64'
  adapter: string
}

/** Hugging Face's clients send what feature extraction takes beside `inputs`, and not in `parameters`. */
type Body = HubBody<string | string[] | SimilarityInputs, Parameters> &
  NonNullable<HubBody<unknown, Parameters>['parameters']>

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
  encoding_format: encodingFormat,
} as const

const FeatureExtractionRequest = component(
  'FeatureExtractionRequest',
  hubRequest(
    {
      description:
        'A text, an array of texts, or {source_sentence, sentences}, which are compared. Of texts the vectors are given.',
      anyOf: [text, { type: 'array', items: text, minItems: 1 }, SimilarityInput],
    },
    parameters,
    { beside: true },
  ),
)

/** Vectors of texts (feature extraction), or how near one is to others (sentence similarity), by the form of `inputs`. */
export const sentenceSimilarity = hubTask<'sentence-similarity', Body>({
  task: 'sentence-similarity',
  request: FeatureExtractionRequest,
  async answer({ inputs, parameters, ...root }, { model, work, reply }) {
    const asked = given<Parameters>({ ...root, ...parameters })
    const { normalize = true, encoding_format: format, dimensions, adapter } = asked
    const options = {
      ...{ adapter, dimensions, promptName: asked.prompt_name },
      // Where a request says nothing, the model's own.
      longText: asked.truncate ? 'truncate' : asked.truncate === false ? 'refuse' : undefined,
      truncationSide: sideOf(asked.truncation_direction),
    } as const
    if (typeof inputs === 'object' && !Array.isArray(inputs)) {
      const { source_sentence, sentences } = inputs
      requireSome(sentences, 'inputs.sentences')
      return work(reply, [source_sentence, ...sentences], (call) =>
        model.similarity(source_sentence, sentences, { ...call, ...options }),
      )
    }
    const texts = [inputs].flat()
    const vectors = await work(reply, texts, (call) => model.embed(texts, { ...call, ...options, normalize }))
    return new JsonPieces(arrayPieces(vectors, (vector) => [vectorJson(vector, format)]))
  },
})
