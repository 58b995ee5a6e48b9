import type { Command } from 'commander'
import {
  type Example,
  glueTask,
  glueTaskNames,
  LabelSet,
  loadGlue,
  type MetricName,
  type ReadExamplesOptions,
  readExamples,
} from '../data/index.ts'
import { TorchLoraError } from '../errors.ts'
import { list } from './options.ts'

/** Where the examples of a verb come from. */
export interface DatasetFlags {
  task?: string
  data?: string
  train?: string
  eval?: string
  text?: string
  textPair?: string
  label?: string
  labels?: string[]
  labelSeparator?: string
}

export interface Dataset {
  train: Example[]
  evaluate: Example[]
  labels: LabelSet
  /** Of the task; undefined for files. */
  metrics?: readonly MetricName[]
}

/** Adds `--task`, `--data`, `--eval` and the column options; `--train` only where a verb trains. */
export function withDataset(command: Command, { training }: { training: boolean }): Command {
  command.option('--task <name>', `a GLUE task: ${glueTaskNames.join(', ')}`)
  command.option('--data <dir>', "the folder of GLUE's folders (default: the cache, downloaded when need be)")
  if (training) command.option('--train <file>', 'labelled texts to learn from: .jsonl, .json, .csv or .tsv')
  return command
    .option('--eval <file>', 'labelled texts to measure on, in the same forms')
    .option('--text <column>', 'column of the text (default: text, sentence, sentence1 or premise)')
    .option(
      '--text-pair <column>',
      'column of the second text (default: textPair, text_pair, sentence2 or hypothesis)',
    )
    .option('--label <column>', 'column of the label (default: label or labels)')
    .option(
      '--labels <names>',
      'label names in the order of the logits (default: those in the training file, sorted)',
      list,
    )
    .option('--label-separator <text>', 'split a label field into several labels')
}

/**
 * Reads the data sets that the flags name. A task names both splits; a file takes the place of its split.
 * @throws TorchLoraError INVALID_ARGUMENT, INVALID_FILE, INCOMPATIBLE, NETWORK
 */
export async function readDataset(
  flags: DatasetFlags,
  { training }: { training: boolean },
): Promise<Dataset> {
  if (!flags.task && !(training ? flags.train : flags.eval)) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `Say what to ${training ? 'train' : 'evaluate'} on: --task NAME, or --${training ? 'train' : 'eval'} FILE.`,
    )
  }
  const options: ReadExamplesOptions = { labelSeparator: flags.labelSeparator, columns: columns(flags) }
  const fromTask = async (split: 'train' | 'validation') => {
    const glue = await loadGlue(flags.task!, { split, dataDir: flags.data })
    return glue.examples
  }
  const train = !training
    ? []
    : flags.train
      ? await readExamples(flags.train, options)
      : await fromTask('train')
  const evaluate = flags.eval
    ? await readExamples(flags.eval, options)
    : flags.task
      ? await fromTask('validation')
      : []
  return {
    train,
    evaluate,
    labels: labelSet(flags, [...train, ...evaluate]),
    metrics: flags.task ? glueTask(flags.task).metrics : undefined,
  }
}

function columns({ text, textPair, label }: DatasetFlags): ReadExamplesOptions['columns'] {
  const given = { text, textPair, label }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

function labelSet({ task, labels }: DatasetFlags, examples: readonly Example[]): LabelSet {
  if (labels)
    return examples.some(({ label }) => Array.isArray(label))
      ? LabelSet.multi(labels)
      : LabelSet.single(labels)
  if (!task) return LabelSet.fromExamples(examples)
  const names = glueTask(task).labels
  return names ? LabelSet.single(names) : LabelSet.regression()
}
