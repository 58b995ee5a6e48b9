import { type Command, Option } from 'commander'
import { evaluationPart } from '../data/dataset-folder.ts'
import { describeFindings, examineExamples } from '../data/examine.ts'
import {
  type Column,
  type Example,
  glueTask,
  glueTaskNames,
  loadGlue,
  type MetricName,
  type ReadExamplesOptions,
} from '../data/index.ts'
import type { ProblemType } from '../data/problem-type.ts'
import { splitExamples } from '../data/split.ts'
import { TorchLoraError } from '../errors.ts'
import { taskTypeNames, taskTypeOf } from '../tasks/registry.ts'
import type { TaskType } from '../tasks/task-type.ts'
import { type LabelFlags, withLabels } from './model-flags.ts'
import { fraction, list } from './options.ts'

/** How the columns of a file are found. */
export interface ColumnFlags {
  text?: string
  textPair?: string
  /** False with `--no-header`. */
  header?: boolean
  /** False with `--no-quoting`. */
  quoting?: boolean
}

/** Where the examples of a verb come from. */
export interface DatasetFlags extends ColumnFlags, LabelFlags {
  /** Undefined where the model says it. */
  taskType?: string
  task?: string
  data?: string
  train?: string
  eval?: string
  evalShare?: number
  label?: string
  labelColumns?: string[]
  labelSeparator?: string
}

export interface Dataset {
  type: TaskType
  train: Example[]
  evaluate: Example[]
  /** Whether the part to measure on is kept of the training file. */
  splitOff?: boolean
  /** Names of the classes that the task or the columns have. */
  known?: readonly string[]
  /** What labels are, by the flags or the task. */
  problemType?: ProblemType
  /** Of the task; undefined for files. */
  metrics?: readonly MetricName[]
}

/** Adds `--task-type`, `--task`, `--data`, `--eval` and the column options; `--train` only where a verb trains. */
export function withDataset(command: Command, { training }: { training: boolean }): Command {
  const taskType = new Option(
    '--task-type <name>',
    `what the model is for${training ? '' : ' (default: what its files say)'}`,
  ).choices(taskTypeNames)
  command.addOption(training ? taskType.default(taskTypeNames[0]) : taskType)
  command.option('--task <name>', `a GLUE task: ${glueTaskNames.join(', ')}`)
  command.addOption(glueFolderOption())
  if (training)
    command.option(
      '--train <file>',
      `what to learn from: ${taskTypeNames.map((name) => `for ${name} ${taskTypeOf(name).files}`).join('; ')}`,
    )
  command.option('--eval <file>', 'what to measure on, in the same form as --train')
  if (training)
    command.option(
      '--eval-share <share>',
      'without --eval, measure on so much of the training file, of every class its share; 0 measures nothing (default: 0.2 of up to 1,000 rows, else 0.1)',
      fraction,
    )
  withColumns(command)
    .option('--label <column>', 'column of the label (default: label or labels)')
    .option(
      '--label-columns <columns>',
      'columns that are a class each and say by 0 or 1 whether it holds (multi-label)',
      list,
    )
    .option('--label-separator <text>', 'split a label field into several labels (multi-label)')
  return training
    ? withLabels(command, {
        labels:
          "label names in the order of the logits (default: those of the model's trained head, else those in the training file, sorted)",
      })
    : command
}

/** `--data`. */
export function glueFolderOption(): Option {
  return new Option(
    '--data <dir>',
    "the folder of GLUE's folders (default: the cache, downloaded when need be)",
  )
}

/** Adds `--text`, `--text-pair`, `--no-header` and `--no-quoting`. */
export function withColumns(command: Command): Command {
  return withTextColumn(command).option(
    '--text-pair <column>',
    'column of the second text (default: textPair, text_pair, sentence2 or hypothesis)',
  )
}

/** Adds `--text`, `--no-header` and `--no-quoting`. */
export function withTextColumn(command: Command): Command {
  return command
    .option('--text <column>', 'column of the text (default: text, sentence, sentence1 or premise)')
    .option('--no-header', 'the first row of a .csv or .tsv is data; columns are numbers, 0 the first')
    .option('--quoting', 'quotation marks hold fields together (default: in .csv, not in .tsv)')
    .option('--no-quoting', 'quotation marks are text')
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
  const type = taskTypeOf(flags.taskType)
  const numbered = (column: string) => columnOf(column, flags)
  const options: ReadExamplesOptions = {
    ...columnOptions(flags, flags.label === undefined ? {} : { label: numbered(flags.label) }),
    labelColumns: flags.labelColumns?.map(numbered),
    labelSeparator: flags.labelSeparator,
  }
  const fromTask = async (split: 'train' | 'validation') => {
    if (!type.ofGlue || (type.glueTasks && !type.glueTasks.includes(flags.task!)))
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `--task: GLUE has ${type.glueTasks ? `only ${type.glueTasks.join(', ')}` : 'nothing'} for ${type.kind.taskName}; give files (${type.files}).`,
      )
    const glue = await loadGlue(flags.task!, { split, dataDir: flags.data })
    return type.ofGlue(glue.examples)
  }
  const train = !training
    ? []
    : flags.train
      ? await type.readExamples(flags.train, { ...options, split: 'train' })
      : await fromTask('train')
  const path = evaluationPath(flags)
  const split = path === undefined ? undefined : await evaluationPart(path)
  const evaluate =
    flags.eval || split
      ? await type.readExamples(path!, { ...options, split })
      : flags.task
        ? await fromTask('validation')
        : []
  const parts = training && evaluate.length === 0 ? splitOff(train, flags) : { train, evaluate }
  return { type, ...parts, ...meaningOf(flags) }
}

/** What there is to measure on beside a task: a file, or a folder, which may be that of the training data. */
function evaluationPath(flags: DatasetFlags): string | undefined {
  return flags.eval ?? (flags.task ? undefined : flags.train)
}

/** Keeps a part of the training file to measure on, always the same. */
function splitOff(
  train: Example[],
  { evalShare }: DatasetFlags,
): Pick<Dataset, 'train' | 'evaluate' | 'splitOff'> {
  const share = evalShare ?? (train.length <= 1000 ? 0.2 : 0.1)
  if (share === 0) return { train, evaluate: [] }
  return { ...splitExamples(train, { share }), splitOff: true }
}

/** Says what the data are before anything trains: a table of classes, and what makes a measurement worth less. */
export function describeDataset({ type, train, evaluate, splitOff }: Dataset): void {
  for (const line of type.describe?.([...train, ...evaluate]) ?? []) console.error(line)
  if (type.kind.taskName !== taskTypeNames[0]) return
  const findings = examineExamples(train, evaluate)
  const { classes } = findings
  const scores = train.every(({ label }) => typeof label === 'number') && classes.length > 30
  console.error(
    `${train.length} rows to train on, ${evaluate.length} to measure on${splitOff ? ', of every class its share, kept of the training file: there is no --eval (--eval-share 0 trains on all)' : ''}`,
  )
  if (!scores) {
    const shown = classes.slice(0, 30)
    const width = Math.max(5, ...shown.map(({ label }) => Math.min(40, label.length)))
    console.error(
      `  ${'class'.padEnd(width)}  ${'train'.padStart(7)}  ${'share'.padStart(6)}  ${'eval'.padStart(7)}`,
    )
    for (const row of shown)
      console.error(
        `  ${row.label.slice(0, 40).padEnd(width)}  ${String(row.train).padStart(7)}  ${`${((100 * row.train) / train.length).toFixed(1)} %`.padStart(6)}  ${String(row.evaluate).padStart(7)}`,
      )
    if (classes.length > 30) console.error(`  and ${classes.length - 30} more classes`)
  }
  for (const line of describeFindings(findings, { evaluated: evaluate.length })) console.error(line)
}

/** The flags of `withColumns` as `readExamples` takes them, with further columns. */
export function columnOptions(
  { text, textPair, header, quoting }: ColumnFlags,
  columns: ReadExamplesOptions['columns'],
): ReadExamplesOptions {
  const given = Object.entries({ text, textPair }).filter(([, name]) => name !== undefined)
  const named = given.map(([role, name]) => [role, columnOf(name!, { header })])
  return { columns: { ...Object.fromEntries(named), ...columns }, header, quoting }
}

/** A column by its name, or by its number in a file without a header. */
function columnOf(column: string, { header }: ColumnFlags): Column {
  return header === false && /^\d+$/.test(column) ? Number(column) : column
}

/** What is known of labels before any of them is read. */
function meaningOf({
  taskType,
  task,
  train,
  labelColumns,
  problemType,
}: DatasetFlags): Pick<Dataset, 'known' | 'problemType' | 'metrics'> {
  if (taskType !== undefined && taskType !== taskTypeNames[0]) return {}
  const metrics = task ? glueTask(task).metrics : undefined
  if (train || !task) return { known: labelColumns, problemType, metrics }
  const { labels } = glueTask(task)
  const own = labels ? 'single_label_classification' : 'regression'
  if (problemType !== undefined && problemType !== own)
    throw new TorchLoraError('INVALID_ARGUMENT', `--problem-type: ${task} is ${own}; leave it away.`)
  return { known: labels ?? undefined, problemType: own, metrics }
}
