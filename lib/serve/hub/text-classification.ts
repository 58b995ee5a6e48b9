import type { TextClassifier } from '../../inference/text-classifier.ts'
import { sigmoid, softmax } from '../../tasks/arithmetic.ts'
import { component } from '../components.ts'
import { orNull, text, texts, topLabels } from '../schemas.ts'
import type { TaskContext } from '../task-route.ts'
import { given, type HubBody, hubRequest, hubTask, sayCut } from './hub-task.ts'
import { type ZeroShotParameters, zeroShot } from './zero-shot.ts'

interface Parameters extends ZeroShotParameters {
  top_k: number
  function_to_apply: 'sigmoid' | 'softmax' | 'none'
}

type Body = HubBody<string | string[], Parameters>

const TextClassificationRequest = component(
  'TextClassificationRequest',
  hubRequest(texts, {
    top_k: topLabels,
    function_to_apply: {
      type: ['string', 'null'],
      enum: ['sigmoid', 'softmax', 'none', null],
      description: "What makes scores of the logits. Default: what the model's task says.",
    },
    candidate_labels: {
      description:
        'Labels to sort the text into, by a model of natural language inference, as an array or with commas between them. With them the answer is that of zero-shot classification.',
      anyOf: [text, { type: 'array', items: text, minItems: 1 }, { type: 'null' }],
    },
    hypothesis_template: orNull({
      type: 'string',
      description: 'What is asked of a text for each label, which stands in the place of {}.',
    }),
    multi_label: orNull({ type: 'boolean', description: 'Whether several labels may hold. Default false.' }),
  }),
)

/** Labels of texts, `[[{label, score}]]`; with `candidate_labels` those. */
export const textClassification = hubTask<'sequence-classification', Body>({
  task: 'sequence-classification',
  request: TextClassificationRequest,
  answer: ({ inputs, parameters }, context) => {
    const asked = given(parameters)
    return asked.candidate_labels
      ? zeroShot(inputs, { ...asked, candidate_labels: asked.candidate_labels }, context)
      : classified(context.model, [inputs].flat(), asked, context)
  },
})

async function classified(
  model: TextClassifier,
  inputs: readonly string[],
  { top_k, function_to_apply, adapter }: Partial<Parameters>,
  { work, reply }: TaskContext<'sequence-classification'>,
): Promise<{ label: string; score: number }[][]> {
  const results = await work(reply, inputs, (call) => model.classify(inputs, { ...call, adapter }))
  sayCut(reply, results)
  const scoresOf = { sigmoid, softmax, none: (logits: ArrayLike<number>) => Array.from(logits) }
  return results.map(({ scores, logits, labels }) => {
    const values = function_to_apply ? scoresOf[function_to_apply](logits) : null
    const ranked = values
      ? labels.map((label, i) => ({ label, score: values[i]! })).sort((a, b) => b.score - a.score)
      : scores
    return ranked.slice(0, top_k)
  })
}
