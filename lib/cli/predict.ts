import { once } from 'node:events'
import { Command } from 'commander'
import { type Example, glueTask, loadGlue, readExamples, writeGluePredictions } from '../data/index.ts'
import { TorchLoraError } from '../errors.ts'
import type { TextClassifier } from '../inference/text-classifier.ts'
import { type ColumnFlags, columnOptions, withColumns } from './dataset.ts'
import { interruptible } from './failure.ts'
import { adapterOptions, type ModelFlags, withAdapter } from './model-flags.ts'
import { applyRunFlags, type RunFlags, wholeNumber, withDevice } from './options.ts'
import { progressBar } from './progress.ts'

interface PredictFlags extends RunFlags, ModelFlags, ColumnFlags {
  input?: string
  task?: string
  data?: string
  glueOut?: string
  maxLength?: number
  json?: boolean
}

/** `torch-lora predict`: a line an input line, in order. */
export function predictCommand(): Command {
  const command = new Command('predict')
    .description('Classify the texts of a file; one line of output for each, in order')
    .requiredOption('--model <dir or id>', 'the model, or the base model of --adapter')
    .option('--input <file>', 'texts: .jsonl with {"text", "textPair"?} a line, or .json, .csv, .tsv')
  withColumns(command)
    .option('--task <name>', 'a GLUE task, whose test split is classified instead of --input')
    .option('--data <dir>', "the folder of GLUE's folders (default: the cache, downloaded when need be)")
    .option(
      '--glue-out <dir>',
      'with --task: write the predictions as gluebenchmark.com takes them (MRPC.tsv, MNLI-m.tsv, ...) instead of printing',
    )
    .option(
      '--max-length <tokens>',
      'cut texts to so many tokens (default: what the model takes)',
      wholeNumber,
    )
    .option('--json', 'print {"label", "score", "logits"} a line instead of label and score')
  withAdapter(command)
  return withDevice(command, { int8: true }).action((flags: PredictFlags) =>
    interruptible((signal) => predict(flags, signal)),
  )
}

async function predict(flags: PredictFlags, signal: AbortSignal): Promise<void> {
  const { argmax } = await import('../tasks/arithmetic.ts')
  const { TextClassifier } = await import('../inference/text-classifier.ts')

  const examples = await readInput(flags)
  const place = await applyRunFlags(flags)
  await using classifier = await TextClassifier.load(flags.model, {
    ...adapterOptions(flags),
    ...place,
    cudaGraphs: flags.cudaGraphs,
    maxLength: flags.maxLength,
    warmUp: false,
    problemType: flags.problemType ?? 'auto',
    signal,
  })
  const classes = flags.glueOut ? glueClasses(flags.task!, classifier) : null
  const submission: number[] = []
  const bar = progressBar('predicting {bar} {percentage}% {value}/{total} texts | {eta_formatted} left')
  let truncated = 0
  bar.start(examples.length, 0)
  try {
    for await (const prediction of classifier.classifyAll(examples, { signal })) {
      const { label, score, logits } = prediction
      if (prediction.truncated) truncated++
      bar.increment()
      if (flags.glueOut) {
        submission.push(classes ? classes[argmax(logits)]! : logits[0]!)
        continue
      }
      const line = flags.json ? JSON.stringify({ label, score, logits }) : `${label}\t${score.toFixed(4)}`
      if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
    }
  } finally {
    bar.stop()
  }
  if (flags.glueOut) console.log(await writeGluePredictions(flags.task!, submission, { dir: flags.glueOut }))
  if (truncated > 0)
    console.error(
      `${truncated} texts are longer than the model takes (${classifier.maxLength} tokens) and were cut.`,
    )
}

/** The texts that the flags name: a file's, or a task's test split. */
async function readInput({ input, task, data, glueOut, ...columns }: PredictFlags): Promise<Example[]> {
  if ((input === undefined) === (task === undefined))
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      'Say what to classify: --input FILE, or --task NAME for its test split.',
    )
  if (glueOut !== undefined && task === undefined)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      '--glue-out writes the predictions of a GLUE task: give --task NAME.',
    )
  if (input !== undefined) return readExamples(input, columnOptions(columns, { label: null }))
  const { examples } = await loadGlue(task!, { split: 'test', dataDir: data })
  return examples
}

/**
 * The task's number of each of the model's classes, which may stand in another order; null for a score.
 * @throws TorchLoraError INCOMPATIBLE when the model predicts something else than the task asks for
 */
function glueClasses(taskName: string, { labels, problemType }: TextClassifier): number[] | null {
  const task = glueTask(taskName)
  if (task.labels === null && problemType === 'regression') return null
  const unnamed = labels.every((label, i) => label === `LABEL_${i}`)
  const numbers = labels.map((label, i) => (unnamed ? i : (task.labels?.indexOf(label) ?? -1)))
  const fits =
    problemType === 'single_label_classification' &&
    labels.length === task.labels?.length &&
    numbers.every((number) => number >= 0)
  if (fits) return numbers
  throw new TorchLoraError(
    'INCOMPATIBLE',
    `The model's labels are ${labels.join(', ')} (${problemType}); ${task.name} has ${task.labels?.join(', ') ?? 'a score'}. Give a model trained on ${task.name}.`,
  )
}
