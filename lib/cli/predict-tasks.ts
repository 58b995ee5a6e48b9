import { once } from 'node:events'
import type { Example } from '../data/index.ts'
import { readQuestionExamples } from '../data/question-examples.ts'
import { TorchLoraError } from '../errors.ts'
import type { Aggregation } from '../inference/entities.ts'
import type { LoadTextModelOptions } from '../inference/load-text-model.ts'
import type { StreamResult } from '../inference/options.ts'
import type { ColumnFlags } from './dataset.ts'
import type { LoadingFlags } from './model-flags.ts'
import {
  answerLine,
  fillingLine,
  type PredictionLine,
  readTagInputs,
  readTexts,
  type TagRow,
  taggingLine,
  zeroShotLine,
} from './prediction-lines.ts'
import { type ReadRow, watched } from './watched.ts'

export interface PredictFlags extends LoadingFlags, ColumnFlags {
  input?: string
  task?: string
  data?: string
  glueOut?: string
  json?: boolean
  aggregation?: Aggregation
  candidateLabels?: string[]
  hypothesisTemplate?: string
  multiLabel?: boolean
  topK?: number
  maxAnswerTokens?: number
  handleImpossibleAnswer?: boolean
}

/** What `predict` was given, read as far as any task reads it. */
export interface Given {
  flags: PredictFlags
  /** Of a GLUE task; null for `--input`. */
  texts: Example[] | null
  /** How the model is loaded. */
  options: LoadTextModelOptions
  signal: AbortSignal
}

// In each of these what is wrong with a file is said before a model is loaded.

/** Sorts texts into labels with a model of natural language inference. */
export async function sortTexts(
  { flags, texts, options, signal }: Given,
  labels: readonly string[],
): Promise<void> {
  const { ZeroShotClassifier } = await import('../inference/zero-shot-classifier.ts')
  const rows = texts ?? (await readTexts(flags.input!, flags))
  await using model = await ZeroShotClassifier.load(flags.model, options)
  const { hypothesisTemplate, multiLabel } = flags
  const results = model.classifyAll(rows, labels, {
    input: ({ text }) => text,
    ...{ hypothesisTemplate, multiLabel, signal, onError: 'yield' },
  })
  await printLines(results, zeroShotLine, { flags, count: rows.length, maxLength: model.maxLength })
}

/** Tags words and finds entities. */
export async function tagTexts({ flags, texts, options, signal }: Given): Promise<void> {
  const inputs: TagRow[] =
    texts?.map(({ text, file, line }) => ({ text, file, line })) ?? (await readTagInputs(flags.input!, flags))
  const { TokenClassifier } = await import('../inference/token-classifier.ts')
  await using model = await TokenClassifier.load(flags.model, options)
  const results = model.tagAll(inputs, { aggregation: flags.aggregation, signal, onError: 'yield' })
  await printLines(results, taggingLine, { flags, count: inputs.length, maxLength: model.maxLength })
}

/** Answers questions from their contexts. */
export async function answerQuestions({ flags, options, signal }: Given): Promise<void> {
  const { input, topK, maxAnswerTokens, handleImpossibleAnswer } = flags
  if (input === undefined)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `${flags.model} answers questions, and GLUE's tasks have none: give --input.`,
    )
  const questions = await readQuestionExamples(input)
  const { QuestionAnswerer } = await import('../inference/question-answerer.ts')
  await using model = await QuestionAnswerer.load(flags.model, options)
  const asked = { topK, maxAnswerTokens, handleImpossibleAnswer, signal, onError: 'yield' } as const
  const results = model.answerAll(questions, asked)
  const { maxLength } = model
  await printLines(results, answerLine, { flags, unit: 'questions', count: questions.length, maxLength })
}

/** Finds the words behind the masks of texts. */
export async function fillMasks({ flags, texts, options, signal }: Given): Promise<void> {
  const rows = texts ?? (await readTexts(flags.input!, flags))
  const { MaskFiller } = await import('../inference/mask-filler.ts')
  await using model = await MaskFiller.load(flags.model, options as object)
  const results = model.fillAll(rows, {
    input: ({ text }) => text,
    topK: flags.topK,
    signal,
    onError: 'yield',
  })
  await printLines(results, fillingLine, { flags, count: rows.length, maxLength: model.maxLength })
}

/** Writes a line for each result as it comes. */
export async function printLines<Result extends { truncated: boolean }, Row extends ReadRow>(
  results: AsyncIterable<StreamResult<Row, Result, 'yield'>>,
  lineOf: (result: Result) => PredictionLine,
  { flags, ...counted }: { flags: PredictFlags; unit?: string; count: number; maxLength: number },
): Promise<void> {
  for await (const result of watched(results, { what: 'predicting', ...counted })) {
    const { json, text } = lineOf(result)
    if (!process.stdout.write(`${flags.json ? JSON.stringify(json) : text}\n`))
      await once(process.stdout, 'drain')
  }
}
