import { type Example, readExamples } from '../data/index.ts'
import { dataExtension, fileError, isJsonLines, type JsonLine, readJsonLines } from '../data/lines.ts'
import { readTokenExamples } from '../data/token-examples.ts'
import type { Filling } from '../inference/mask-filler.ts'
import type { QuestionAnswer } from '../inference/question-answerer.ts'
import type { Classification } from '../inference/text-classifier.ts'
import type { Tagging, TagInput } from '../inference/token-classifier.ts'
import type { ZeroShotClassification } from '../inference/zero-shot-classifier.ts'
import { type ColumnFlags, columnOptions } from './dataset.ts'
import type { ReadRow } from './watched.ts'

/** What `predict` writes for an input line: as JSON, and for people. */
export interface PredictionLine {
  json: object
  text: string
}

export function classificationLine({ label, score, logits }: Classification): PredictionLine {
  return { json: { label, score, logits }, text: `${label}\t${score.toFixed(4)}` }
}

export function taggingLine({ tokens, entities }: Tagging): PredictionLine {
  const shown = entities.map(
    ({ label, text, score }) => `${label} ${JSON.stringify(text)} ${score.toFixed(4)}`,
  )
  return { json: { tokens, entities }, text: shown.join('\t') }
}

export function zeroShotLine({ labels, scores }: ZeroShotClassification): PredictionLine {
  return { json: { labels, scores }, text: `${labels[0]}\t${scores[0]!.toFixed(4)}` }
}

export function answerLine({ answer, start, end, score, answers }: QuestionAnswer): PredictionLine {
  const best = { answer, start, end, score }
  return {
    json: answers.length > 1 ? { ...best, answers } : best,
    text: answers.map((one) => `${one.answer}\t${one.score.toFixed(4)}`).join('\t'),
  }
}

export function fillingLine({ masks }: Filling): PredictionLine {
  const shown = masks.map((words) =>
    words.map(({ token, score }) => `${token.trim()} ${score.toFixed(4)}`).join(', '),
  )
  return { json: { masks }, text: shown.join('\t') }
}

/** Texts with nothing else asked of them, from any of the formats of examples. */
export function readTexts(path: string, columns: ColumnFlags): Promise<Example[]> {
  return readExamples(path, columnOptions(columns, { label: null }))
}

/** A text to tag, and where it was read. */
export type TagRow = Exclude<TagInput, string> & ReadRow

/**
 * Texts to tag: JSONL with {"text"} or {"words"} a line, a .conll file, whose tags are not looked at, or the columns of
 * .json, .csv and .tsv.
 * @throws TorchLoraError INVALID_FILE naming file and line
 */
export async function readTagInputs(path: string, columns: ColumnFlags): Promise<TagRow[]> {
  if (['.conll', '.iob', '.bio', '.txt'].includes(dataExtension(path)))
    return (await readTokenExamples(path)).map(({ words, file, line }) => ({ words: words!, file, line }))
  if (!isJsonLines(path))
    return (await readTexts(path, columns)).map(({ text, file, line }) => ({ text, file, line }))
  const inputs: TagRow[] = []
  for await (const line of readJsonLines(path)) inputs.push(parseRow(path, line, columns.text))
  if (inputs.length === 0) throw fileError(path, 'holds no texts; expected {"text"} or {"words"} a line')
  return inputs
}

function parseRow(path: string, line: JsonLine, column = 'text'): TagRow {
  const { words, tokens = words, [column]: text } = (line.value ?? {}) as Record<string, unknown>
  const place = { file: path, line: line.number }
  if (Array.isArray(tokens) && tokens.every((word) => typeof word === 'string'))
    return { words: tokens, ...place }
  if (typeof text === 'string') return { text, ...place }
  throw fileError(
    path,
    `expected {"${column}"} with a string, or {"words"} with an array of strings, received ${line.text.slice(0, 60)}`,
    undefined,
    line.number,
  )
}
