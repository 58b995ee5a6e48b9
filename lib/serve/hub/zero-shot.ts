import type { TextClassifier } from '../../inference/text-classifier.ts'
import { entailmentOf, rankZeroShot, zeroShotPairs } from '../../inference/zero-shot.ts'
import { httpError, requireAtMost } from '../requests.ts'
import type { TaskContext } from '../task-route.ts'
import { sayCut } from './hub-task.ts'

/** What zero-shot classification takes. */
export interface ZeroShotParameters {
  candidate_labels: string[] | string
  hypothesis_template: string
  multi_label: boolean
  adapter: string
}

/** Texts sorted into labels: of a text `[{label, score}]`, best first. All pairs of a request share batches. */
export async function zeroShot(
  inputs: string | string[],
  {
    candidate_labels,
    hypothesis_template,
    multi_label = false,
    adapter,
  }: Partial<ZeroShotParameters> & Pick<ZeroShotParameters, 'candidate_labels'>,
  { model, work, reply }: TaskContext<'sequence-classification'>,
): Promise<unknown> {
  const entailment = entailmentOf(outputsOf(model, adapter))
  if (!entailment)
    throw httpError(
      424,
      `Model is not a model of natural language inference: no label "entailment" among ${model.labels.slice(0, 20).join(', ')}.`,
    )
  const labels = Array.isArray(candidate_labels)
    ? candidate_labels
    : candidate_labels.split(',').map((name) => name.trim())
  const texts = [inputs].flat()
  const pairs = texts.flatMap((text) => zeroShotPairs(text, labels, hypothesis_template))
  const what = 'candidate labels, for all its texts together'
  requireAtMost(pairs.length, { most: model.maxQueue, what })
  const results = await work(reply, texts, (call) =>
    model.classify(pairs, { ...call, adapter, truncation: 'only_first' }),
  )
  sayCut(reply, results)
  const answers = texts.map((_, i) => {
    const own = results.slice(i * labels.length, (i + 1) * labels.length)
    const logits = own.map((result) => result.logits)
    return rankZeroShot(logits, labels, { ...entailment, multiLabel: multi_label })
  })
  return Array.isArray(inputs) ? answers : answers[0]
}

/** What the outputs mean that answer: an adapter's where one is named. */
function outputsOf(model: TextClassifier, adapter: string | undefined) {
  const own = model.adapters.find(({ name }) => name === adapter)
  return own?.problemType ? { labels: own.labels, problemType: own.problemType } : model
}
