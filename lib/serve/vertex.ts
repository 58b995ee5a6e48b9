import { component } from './components.ts'
import { arrayPieces, JsonPieces } from './json-pieces.ts'
import { model } from './schemas.ts'

/** Vertex AI's form: requests in `instances`, answers in `predictions`. */
export interface VertexBody {
  instances: Record<string, unknown>[]
  model?: string | undefined
}

export const VertexRequest = component('VertexRequest', {
  type: 'object',
  required: ['instances'],
  additionalProperties: false,
  properties: {
    instances: {
      type: 'array',
      minItems: 1,
      items: { type: 'object' },
      description: 'Bodies of what the model is for: of /predict, /embed or /rerank.',
    },
    model,
  },
})

export const VertexResponse = component('VertexResponse', {
  type: 'object',
  required: ['predictions'],
  properties: { predictions: { type: 'array', items: {} } },
})

/** The answers of all instances as one. */
export function vertexAnswer(answers: readonly unknown[]): JsonPieces {
  return new JsonPieces(pieces(answers))
}

function* pieces(answers: readonly unknown[]): Generator<string> {
  yield '{"predictions":'
  yield* arrayPieces(answers, (answer) =>
    answer instanceof JsonPieces ? [...answer.pieces] : [JSON.stringify(answer)],
  )
  yield '}'
}
