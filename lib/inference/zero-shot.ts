import { TorchLoraError } from '../errors.ts'
import { softmax } from '../tasks/arithmetic.ts'
import type { SequenceClassification } from '../tasks/sequence-classification.ts'

/** Which outputs of a model of natural language inference say yes and no. */
export interface Entailment {
  yes: number
  no: number
}

/**
 * Which outputs say that the first text entails the second, and that it contradicts it, as transformers'
 * ZeroShotClassificationPipeline chooses them; null for a model that says nothing of it.
 */
export function entailmentOf({
  labels,
  problemType,
}: Pick<SequenceClassification, 'labels' | 'problemType'>): Entailment | null {
  const yes = labels.findIndex((label) => label.toLowerCase().startsWith('entail'))
  if (yes < 0 || labels.length < 2 || problemType !== 'single_label_classification') return null
  return { yes, no: yes === 0 ? labels.length - 1 : 0 }
}

/**
 * A text beside what is asked of it for each label.
 * @throws TorchLoraError INVALID_ARGUMENT for no labels, labels that are empty or come twice, a template without {}
 */
export function zeroShotPairs(
  text: string,
  labels: readonly string[],
  template = 'This example is {}.',
): [text: string, hypothesis: string][] {
  const wrong = (message: string) => new TorchLoraError('INVALID_ARGUMENT', message)
  const named =
    Array.isArray(labels) && labels.every((label) => typeof label === 'string' && label.trim() !== '')
  if (!named || labels.length === 0 || new Set(labels).size < labels.length)
    throw wrong(
      `candidateLabels: expected at least one label, all of them distinct and not empty, received ${JSON.stringify(labels)?.slice(0, 100)}.`,
    )
  if (!template.includes('{}'))
    throw wrong(
      `hypothesisTemplate: expected a sentence with {} where the label goes, received ${JSON.stringify(template)}.`,
    )
  return labels.map((label) => [text, template.replace('{}', () => label)])
}

/** Labels with their probabilities, best first, from the logits of each pair of `zeroShotPairs`. */
export function rankZeroShot<C extends string>(
  logits: readonly ArrayLike<number>[],
  labels: readonly C[],
  { yes, no, multiLabel }: Entailment & { multiLabel: boolean },
): { label: C; score: number }[] {
  const scores =
    multiLabel || labels.length === 1
      ? logits.map((row) => softmax([row[no]!, row[yes]!])[1]!)
      : softmax(logits.map((row) => row[yes]!))
  return labels.map((label, i) => ({ label, score: scores[i]! })).sort((a, b) => b.score - a.score)
}
