import { Command, Option } from 'commander'
import { type Example, glueTask, loadGlue, writeGluePredictions } from '../data/index.ts'
import { TorchLoraError } from '../errors.ts'
import { aggregations } from '../inference/entities.ts'
import type { TextClassifier } from '../inference/text-classifier.ts'
import { flagOf } from '../options.ts'
import { glueFolderOption, withColumns } from './dataset.ts'
import { interruptible } from './failure.ts'
import { loadingOptions, maxLengthOption, modelOption, withAdapter, withWindows } from './model-flags.ts'
import { countingNumber, list, withDevice } from './options.ts'
import {
  answerQuestions,
  fillMasks,
  type Given,
  type PredictFlags,
  printLines,
  sortTexts,
  tagTexts,
} from './predict-tasks.ts'
import { classificationLine, readTexts } from './prediction-lines.ts'
import { watched } from './watched.ts'

/** `torch-lora predict`: a line an input line, in order. */
export function predictCommand(): Command {
  const command = new Command('predict')
    .description(
      'Classify or tag the texts of a file, answer its questions or fill its masks, as the model does; one line of output for each, in order',
    )
    .addOption(modelOption())
    .option(
      '--input <file>',
      'texts: .jsonl with {"text", "textPair"?} (to tag, also {"words"}) a line, or .json, .csv, .tsv, .conll; questions: .jsonl with {"question", "context"} a line, or SQuAD\'s .json',
    )
  withColumns(command)
    .option('--task <name>', 'a GLUE task, whose test split is classified instead of --input')
    .addOption(glueFolderOption())
    .option(
      '--glue-out <dir>',
      'with --task: write the predictions as gluebenchmark.com takes them (MRPC.tsv, MNLI-m.tsv, ...) instead of printing',
    )
    .addOption(maxLengthOption())
  withWindows(command)
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
      '--top-k <count>',
      'answers of a question (default: 1), or words of a mask (default: 5)',
      countingNumber,
    )
    .option('--max-answer-tokens <count>', 'tokens of an answer at most (default: 30)', countingNumber)
    .option('--handle-impossible-answer', 'let a question have no answer, for models of SQuAD 2.0')
    .option(
      '--json',
      'print JSON a line: {"label", "score", "logits"}, {"tokens", "entities"}, {"labels", "scores"}, {"answer", "start", "end", "score"} or {"masks"}',
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
  const options = await loadingOptions(flags, signal)
  const texts = input === undefined ? await glueTexts(flags) : null
  const given: Given = { flags, texts, options, signal }
  if (candidateLabels) {
    refuseForeign(flags, zeroShot)
    return await sortTexts(given, candidateLabels)
  }
  const { taskOfModel } = await import('../inference/task-of-model.ts')
  const type = await taskOfModel(flags.model, { adapter: flags.adapter, signal })
  const taskName = type?.kind.taskName
  refuseForeign(flags, taskName ?? 'sequence-classification')
  switch (taskName) {
    case 'token-classification':
      return await tagTexts(given)
    case 'question-answering':
      return await answerQuestions(given)
    case 'masked-language-model':
      return await fillMasks(given)
    case 'sentence-similarity':
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `${flags.model} gives texts vectors and predicts nothing: use torch-lora embed.`,
      )
  }
  const { TextClassifier } = await import('../inference/text-classifier.ts')
  const rows = texts ?? (await readTexts(input!, flags))
  await using model = await TextClassifier.load(flags.model, {
    ...options,
    problemType: flags.problemType ?? 'auto',
  })
  if (glueOut !== undefined) return await submit(model, rows, { flags, signal })
  const results = model.classifyAll(rows, { signal, onError: 'yield' })
  await printLines(results, classificationLine, { flags, count: rows.length, maxLength: model.maxLength })
}

const zeroShot = 'zero-shot classification (--candidate-labels)'

/** Flags that mean something to some kinds of prediction alone. */
const flagsOf: Readonly<Record<string, readonly (keyof PredictFlags)[]>> = {
  'token-classification': ['aggregation'],
  'question-answering': ['topK', 'maxAnswerTokens', 'handleImpossibleAnswer'],
  'masked-language-model': ['topK'],
  [zeroShot]: ['hypothesisTemplate', 'multiLabel'],
}

/** @throws TorchLoraError INVALID_ARGUMENT for a flag that is of other kinds of prediction */
function refuseForeign(flags: PredictFlags, kind: string): void {
  for (const name of new Set(Object.values(flagsOf).flat())) {
    if (flags[name] === undefined || flagsOf[kind]?.includes(name)) continue
    const kinds = Object.keys(flagsOf).filter((one) => flagsOf[one]!.includes(name))
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `${flagOf(name)} is of ${kinds.join(' and ')}, and this is ${kind}: leave it away.`,
    )
  }
}

/** Writes the predictions of a GLUE task in the form that its site takes. */
async function submit(
  model: TextClassifier,
  examples: readonly Example[],
  { flags, signal }: { flags: PredictFlags; signal: AbortSignal },
): Promise<void> {
  const { argmax } = await import('../tasks/arithmetic.ts')
  const classes = glueClasses(flags.task!, model)
  const submission: number[] = []
  const results = watched(model.classifyAll(examples, { signal, onError: 'yield' }), {
    ...{ what: 'predicting', count: examples.length, maxLength: model.maxLength },
  })
  for await (const { logits } of results) submission.push(classes ? classes[argmax(logits)]! : logits[0]!)
  console.log(await writeGluePredictions(flags.task!, submission, { dir: flags.glueOut! }))
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
