import { type AttributionMethod, attributionMethods } from '../../inference/explanation.ts'
import { charactersBefore } from '../characters.ts'
import { component } from '../components.ts'
import { adapter, model, text, truncation } from '../schemas.ts'
import { sideOf, type TruncationBody, taskRoute } from '../task-route.ts'

interface ExplainBody extends TruncationBody {
  inputs: string | [string] | [string, string]
  label?: string | undefined
  method?: AttributionMethod | undefined
  steps?: number | undefined
  adapter?: string | undefined
}

const ExplainRequest = component('ExplainRequest', {
  type: 'object',
  required: ['inputs'],
  additionalProperties: false,
  properties: {
    inputs: {
      description: 'A text, or a pair [text, text].',
      anyOf: [text, { type: 'array', items: text, minItems: 1, maxItems: 2 }],
      examples: ['What a lovely film!'],
    },
    label: { type: 'string', description: 'The label that is explained. Default: the one that is chosen.' },
    method: {
      type: 'string',
      enum: attributionMethods,
      description:
        'integrated-gradients (default) shares out how far the logit is from that of a text of padding; gradient-x-input is one pass, and the first order of that.',
    },
    steps: {
      type: 'integer',
      minimum: 1,
      maximum: 512,
      description:
        'Gradients that are taken for integrated-gradients. Default: 32, doubled up to 256 while the sum is off by more than 1 %.',
    },
    ...truncation,
    adapter,
    model,
  },
})

const number = { type: 'number' } as const
const place = { type: ['integer', 'null'] } as const

const AttributedToken = component('AttributedToken', {
  type: 'object',
  required: ['id', 'text', 'special', 'sequence', 'start', 'stop', 'attribution'],
  properties: {
    id: { type: 'integer' },
    text,
    special: { type: 'boolean' },
    sequence: { type: 'integer', description: '0 in the first text, 1 in the second, -1 around them.' },
    start: place,
    stop: place,
    attribution: { ...number, description: 'Above 0 where the token speaks for the label, below 0 against.' },
  },
})

const ExplainResponse = component('ExplainResponse', {
  description:
    "A label's logit shared out among the tokens; start and stop are places in the text, counted in Unicode characters.",
  type: 'object',
  required: ['label', 'logit', 'baseline_logit', 'tokens', 'error', 'steps', 'truncated'],
  properties: {
    label: text,
    logit: number,
    baseline_logit: {
      type: ['number', 'null'],
      description: 'The logit where padding stands in the place of every token; null for gradient-x-input.',
    },
    tokens: { type: 'array', items: AttributedToken },
    error: {
      type: ['number', 'null'],
      description: 'What the attributions sum to, less logit - baseline_logit; null for gradient-x-input.',
    },
    steps: { type: 'integer' },
    truncated: { type: 'boolean' },
  },
})

/** `POST /explain`: why a classifier says what it says, token by token. */
export const explain = taskRoute<'sequence-classification', ExplainBody>({
  path: '/explain',
  operationId: 'explain',
  summary: 'Why: what each token has to do with a label',
  serves: ['sequence-classification'],
  refusal: 'Model is not a classifier model',
  request: ExplainRequest,
  response: ExplainResponse,
  async answer(
    { inputs, label, method, steps, truncate, truncation_direction, adapter },
    { model, work, longText, reply },
  ) {
    const texts = [inputs].flat()
    const found = await work(reply, [texts.join('')], (call) =>
      model.explain(texts.length === 2 ? (texts as [string, string]) : texts[0]!, {
        ...call,
        ...{ label, method, steps, adapter },
        // Of several windows the first is explained.
        longText: (truncate ?? (longText ?? 'refuse') !== 'refuse') ? 'truncate' : 'refuse',
        truncationSide: sideOf(truncation_direction),
      }),
    )
    const characters = texts.map(charactersBefore)
    const at = (sequence: number, place: number | null) =>
      place === null ? null : characters[sequence]!(place)
    return {
      label: found.label,
      logit: found.logit,
      baseline_logit: found.baselineLogit,
      tokens: found.tokens.map(({ start, end, ...token }) => ({
        ...token,
        start: at(token.sequence, start),
        stop: at(token.sequence, end),
      })),
      error: found.error,
      steps: found.steps,
      truncated: found.truncated,
    }
  },
})
