import { readExamples } from '../data/examples.ts'
import { readTokenExamples, tagsOf } from '../data/token-examples.ts'
import { TorchLoraError } from '../errors.ts'
import { type LabelOptions, sameNames } from './label-config.ts'
import { SequenceClassification } from './sequence-classification.ts'
import type { Task } from './task.ts'
import type { TaskType } from './task-type.ts'
import { TokenClassification } from './token-classification.ts'
import { checkTags } from './token-labels.ts'
import { trainingLabels } from './training-labels.ts'

const sequenceClassification: TaskType<SequenceClassification> = {
  kind: SequenceClassification,
  files: 'texts with labels: .jsonl, .json, .csv, .tsv (with .gz too), .parquet, or a folder of such',
  readExamples: (path, options) => readExamples(path, { ...options, labelled: true }),
  ofGlue: (examples) => examples,
  forTraining(own, data) {
    const labels = trainingLabels(own, data)
    for (const examples of [data.train, data.evaluate]) labels.encode(examples)
    return {
      ...(labels.names.length > 0 ? { labels: labels.names } : { numLabels: 1 }),
      problemType: labels.problemType,
    }
  },
}

const tokenClassification: TaskType<TokenClassification> = {
  kind: TokenClassification,
  files: 'words with tags: .conll, or .jsonl with {"words", "tags"} or {"text", "entities"}',
  readExamples: (path) => readTokenExamples(path),
  forTraining(own, { train, evaluate, names }) {
    const trained = own?.trained && own.named ? own.labels : undefined
    if (trained && names && !sameNames(trained, names))
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `The model has a trained head for ${trained.join(', ')}, and ${names.join(', ')} is to be learned: train a new head (\`head: 'fresh'\`), or leave \`labels\` away.`,
      )
    const labels = trained ?? names ?? tagsOf(train)
    for (const example of [...train, ...evaluate]) checkTags(example, labels)
    return { labels }
  },
  tokenizer: { addPrefixSpace: true },
}

/** A task type as commands see it, which hand examples from its reader to its trainer and look at none. */
function entry<T extends Task, O extends LabelOptions>(type: TaskType<T, O>): TaskType {
  return type as unknown as TaskType
}

/** Every kind of task that there is, as all others see it; the first is the default. */
const types: readonly TaskType[] = [entry(sequenceClassification), entry(tokenClassification)]

/** What `--task-type` takes. */
export const taskTypeNames: readonly string[] = types.map(({ kind }) => kind.taskName)

/** The task of that name, the first of all by default. @throws TorchLoraError INVALID_ARGUMENT naming those that there are */
export function taskTypeOf(name: string = taskTypeNames[0]!): TaskType {
  const found = types.find(({ kind }) => kind.taskName === name)
  if (found) return found
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `task type ${JSON.stringify(name)}: expected one of ${taskTypeNames.join(', ')}.`,
  )
}

/** What files say of a model's task. */
export interface ModelMarks {
  /** PEFT's `task_type`, of an adapter. */
  peftType?: string
  /** transformers' class: "BertForTokenClassification". */
  architecture?: string
}

/** The task that an adapter's file names, else a model's; undefined where neither names one. */
export function taskTypeOfMarks({ peftType, architecture = '' }: ModelMarks): TaskType | undefined {
  const named = types.find(({ kind }) => kind.peftType === peftType)
  return named ?? types.find(({ kind }) => architecture.endsWith(kind.architecture))
}
