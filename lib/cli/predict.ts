import { once } from 'node:events'
import { Command, Option } from 'commander'
import { type Example, glueTask, loadGlue, writeGluePredictions } from '../data/index.ts'
import { TorchLoraError } from '../errors.ts'
import { type Aggregation, aggregations } from '../inference/entities.ts'
import type { TextClassifier } from '../inference/text-classifier.ts'
import type { TagInput } from '../inference/token-classifier.ts'
import { type ColumnFlags, withColumns } from './dataset.ts'
import { interruptible } from './failure.ts'
import { adapterOptions, type ModelFlags, withAdapter } from './model-flags.ts'
import { applyRunFlags, list, type RunFlags, wholeNumber, withDevice } from './options.ts'
import {
  classificationLine,
  type PredictionLine,
  readTagInputs,
  readTexts,
  taggingLine,
  zeroShotLine,
} from './prediction-lines.ts'
import { progressBar } from './progress.ts'

interface PredictFlags extends RunFlags, ModelFlags, ColumnFlags {
  input?: string
  task?: string
  data?: string
  glueOut?: string
  maxLength?: number
  json?: boolean
  aggregation?: Aggregation
  candidateLabels?: string[]
  hypothesisTemplate?: string
  multiLabel?: boolean
}

/** `torch-lora predict`: a line an input line, in order. */
export function predictCommand(): Command {
  const command = new Command('predict')
    .description(
      'Classify or tag the texts of a file, as the model does; one line of output for each, in order',
    )
    .requiredOption('--model <dir or id>', 'the model, or the base model of --adapter')
    .option(
      '--input <file>',
      'texts: .jsonl with {"text", "textPair"?} (to tag, also {"words"}) a line, or .json, .csv, .tsv, .conll',
    )
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
    .addOption(
      new Option('--aggregation <strategy>', 'how tags of tokens become entities (default: simple)').choices(
        aggregations,
      ),
    )
    .option(
      '--candidate-labels <names>',
      'sort into these labels with a model of natural language inference (zero-shot)',
      list,
    )
    .option(
      '--hypothesis-template <sentence>',
      'what is asked for a candidate label, in the place of {} (default: "This example is {}.")',
    )
    .option('--multi-label', 'let several candidate labels hold')
    .option(
      '--json',
      'print JSON a line: {"label", "score", "logits"}, {"tokens", "entities"} or {"labels", "scores"}',
    )
  withAdapter(command)
  return withDevice(command, { int8: true }).action((flags: PredictFlags) =>
    interruptible((signal) => predict(flags, signal)),
  )
}

async function predict(flags: PredictFlags, signal: AbortSignal): Promise<void> {
  const { input, task, glueOut, candidateLabels } = flags
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
  const options = {
    ...adapterOptions(flags),
    ...(await applyRunFlags(flags)),
    cudaGraphs: flags.cudaGraphs,
    maxLength: flags.maxLength,
    warmUp: false,
    signal,
  }
  const texts = input === undefined ? await glueTexts(flags) : null
  if (candidateLabels) {
    const { ZeroShotClassifier } = await import('../inference/zero-shot-classifier.ts')
    const rows = texts ?? (await readTexts(input!, flags))
    const { problemType: _, ...load } = options
    await using model = await ZeroShotClassifier.load(flags.model, load)
    const { hypothesisTemplate, multiLabel } = flags
    const results = model.classifyAll(rows, candidateLabels, {
      input: ({ text }) => text,
      ...{ hypothesisTemplate, multiLabel, signal },
    })
    return await print(results, zeroShotLine, { flags, count: rows.length, maxLength: model.maxLength })
  }
  const { taskOfModel } = await import('../inference/task-of-model.ts')
  const type = await taskOfModel(flags.model, { adapter: flags.adapter, signal })
  // What is wrong with a file is said before a model is loaded.
  if (type?.kind.taskName === 'token-classification') {
    const inputs: TagInput[] = texts?.map(({ text }) => ({ text })) ?? (await readTagInputs(input!, flags))
    const { TokenClassifier } = await import('../inference/token-classifier.ts')
    const { problemType: _, ...load } = options
    await using model = await TokenClassifier.load(flags.model, load)
    const results = model.tagAll(inputs, { aggregation: flags.aggregation, signal })
    return await print(results, taggingLine, { flags, count: inputs.length, maxLength: model.maxLength })
  }
  const { TextClassifier } = await import('../inference/text-classifier.ts')
  const rows = texts ?? (await readTexts(input!, flags))
  await using model = await TextClassifier.load(flags.model, {
    ...options,
    problemType: flags.problemType ?? 'auto',
  })
  if (glueOut !== undefined) return await submit(model, rows, { flags, signal })
  const results = model.classifyAll(rows, { signal })
  await print(results, classificationLine, { flags, count: rows.length, maxLength: model.maxLength })
}

/** Writes a line for each result as it comes. */
async function print<Result extends { truncated: boolean }>(
  results: AsyncIterable<Result>,
  lineOf: (result: Result) => PredictionLine,
  { flags, count, maxLength }: { flags: PredictFlags; count: number; maxLength: number },
): Promise<void> {
  const bar = progressBar('predicting {bar} {percentage}% {value}/{total} texts | {eta_formatted} left')
  let truncated = 0
  bar.start(count, 0)
  try {
    for await (const result of results) {
      if (result.truncated) truncated++
      bar.increment()
      const { json, text } = lineOf(result)
      if (!process.stdout.write(`${flags.json ? JSON.stringify(json) : text}\n`))
        await once(process.stdout, 'drain')
    }
  } finally {
    bar.stop()
  }
  warnOfCuts(truncated, maxLength)
}

/** Writes the predictions of a GLUE task in the form that its site takes. */
async function submit(
  model: TextClassifier,
  examples: readonly Example[],
  { flags, signal }: { flags: PredictFlags; signal: AbortSignal },
): Promise<void> {
  const { argmax } = await import('../tasks/arithmetic.ts')
  const classes = glueClasses(flags.task!, model)
  const bar = progressBar('predicting {bar} {percentage}% {value}/{total} texts | {eta_formatted} left')
  const submission: number[] = []
  let truncated = 0
  bar.start(examples.length, 0)
  try {
    for await (const { logits, truncated: cut } of model.classifyAll(examples, { signal })) {
      if (cut) truncated++
      bar.increment()
      submission.push(classes ? classes[argmax(logits)]! : logits[0]!)
    }
  } finally {
    bar.stop()
  }
  console.log(await writeGluePredictions(flags.task!, submission, { dir: flags.glueOut! }))
  warnOfCuts(truncated, model.maxLength)
}

function warnOfCuts(truncated: number, maxLength: number): void {
  if (truncated > 0)
    console.error(`${truncated} texts are longer than the model takes (${maxLength} tokens) and were cut.`)
}

async function glueTexts({ task, data }: PredictFlags): Promise<Example[]> {
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
