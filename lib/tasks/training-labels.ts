import type { Example } from '../data/examples.ts'
import { labelKinds } from '../data/label-kinds.ts'
import { LabelSet } from '../data/labels.ts'
import type { ProblemType } from '../data/problem-type.ts'
import { TorchLoraError } from '../errors.ts'
import type { ConfigLabels } from './label-config.ts'

export interface TrainingLabelOptions {
  /** The examples to learn from. */
  train: readonly Example[]
  /** Names that were asked for, in the order of the outputs. */
  names?: readonly string[] | undefined
  /** Names that the data set has, for a head without names of its own. */
  known?: readonly string[] | undefined
  problemType?: ProblemType | undefined
}

/**
 * The labels that a model is trained for: those of its trained head, else those that are asked for or that the data set
 * has, else those of the training examples. Examples that do not fit a trained head are refused where they are encoded.
 *
 * @param own what the model's files say; null for a new head
 * @throws TorchLoraError INCOMPATIBLE when a trained head has other labels
 */
export function trainingLabels(
  own: ConfigLabels | null,
  { train, names, known, problemType }: TrainingLabelOptions,
): LabelSet {
  const several = train.some(({ label }) => Array.isArray(label))
  const kind = several ? 'multi_label_classification' : 'single_label_classification'
  if (!own?.trained) {
    const given = names ?? known
    if (given && problemType !== 'regression') return LabelSet.of(given, problemType ?? kind)
    return LabelSet.fromExamples(train, problemType)
  }
  const size = own.labels.length
  const type = problemType ?? (own.stated || size === 1 ? own.problemType : kind)
  if (own.stated && type !== own.problemType) throw otherHead(own, type)
  if (type === 'regression') return LabelSet.regression()
  const wanted = names ?? (own.named ? own.labels : (known ?? namesOf(own, train, type)))
  if (wanted.length !== size || (own.named && wanted.some((name, i) => name !== own.labels[i])))
    throw otherHead(own, wanted.join(', '))
  return LabelSet.of(wanted, type)
}

/** Names for the outputs of a trained head without names: LABEL_0, ... where examples call them so or by number. */
function namesOf(own: ConfigLabels, train: readonly Example[], type: ProblemType): readonly string[] {
  const set = LabelSet.of(own.labels, type)
  const fits = train.every(({ label }) =>
    Array.isArray(label)
      ? label.every((name) => typeof name !== 'string' || set.id(name) !== undefined)
      : label !== undefined && set.id(label) !== undefined,
  )
  return fits ? own.labels : labelKinds(train, type).names
}

function otherHead(own: ConfigLabels, given: string): TorchLoraError {
  return new TorchLoraError(
    'INCOMPATIBLE',
    `The model has a trained head for ${own.labels.join(', ')} (${own.problemType}), and ${given} is to be learned: train a new head (\`head: 'fresh'\`), or give data with the model's labels.`,
  )
}
