import type { ProblemType } from '../data/problem-type.ts'
import { TorchLoraError } from '../errors.ts'
import type { LabelScore, Prediction } from './decode.ts'
import type { LoadEngineOptions } from './engine.ts'

/** What becomes of a text with more tokens than the model takes. */
export type LongText = 'truncate' | 'windows' | 'refuse'

/** How a {@link TextClassifier} loads, batches and bounds its work. */
export interface TextClassifierOptions extends LoadEngineOptions {
  /** Tokens that run together at most. Default 512 on the CPU, where more gains nothing, and 16384 on CUDA. */
  maxBatchTokens?: number
  /** Texts that may wait, those being tokenized included. Default 512. */
  maxQueue?: number
  /**
   * Bytes of long texts that may wait, of which the first 4096 of each text do not count: long texts beyond them are
   * refused, short ones are not. Default 8 MiB.
   */
  maxQueueBytes?: number
  /** Tokens of a text at most, special tokens included. Default, and upper bound: what the model takes. */
  maxLength?: number
  /**
   * 'truncate' (default) cuts a long text; 'windows' runs overlapping windows and takes the mean of their logits
   * (pairs are cut all the same); 'refuse' fails with TOO_LONG.
   */
  longText?: LongText
  /** Tokens that neighbouring windows share. Default: a quarter of maxLength, at most 64. */
  windowOverlap?: number
  /** Run a full batch before the first request, so that it meets warm caches. Default true. */
  warmUp?: boolean
  /** Called after each batch. */
  onBatch?: (batch: BatchReport) => void
}

/** What one batch held, for metrics. */
export interface BatchReport {
  texts: number
  tokens: number
  milliseconds: number
}

/** What one call of {@link TextClassifier.classify} may ask for. */
export interface ClassifyOptions {
  /** An adapter by its name; without one, the model itself. */
  adapter?: string
  /** Labels in `scores` at most. Default: all. */
  topK?: number
  longText?: LongText
  /** Which end of a text that is too long is cut. Default: what the tokenizer's files say, else 'right'. */
  truncationSide?: 'left' | 'right'
  /** Aborting drops what still waits. */
  signal?: AbortSignal
  /** Time for the whole call, in ms. */
  timeoutMs?: number
  /** Called when the call has succeeded. */
  onTimings?: (timings: Timings) => void
}

export interface TokenizeOptions extends Pick<ClassifyOptions, 'signal' | 'timeoutMs'> {
  /** Put the model's special tokens around the text. Default true. */
  addSpecialTokens?: boolean
}

/** A token of an input. */
export interface InputToken {
  id: number
  /** What it stands for in the input, or the name of a special token around it. */
  text: string
  /** Whether it was put around the texts. */
  special: boolean
  /** 0 in the first text, 1 in the second, -1 around them. */
  sequence: number
  /** Where it begins in its text, in UTF-16 code units; null around them. */
  start: number | null
  end: number | null
}

/** Where the time of a call went, in ms, and what it ran. */
export interface Timings {
  tokens: number
  tokenization: number
  /** Until the first text began to run. */
  queue: number
  /** From there until the last had run. */
  inference: number
}

/** An adapter that calls may name. */
export interface AdapterDescription {
  name: string
  source: string
  labels: readonly string[]
  problemType: ProblemType
  r: number
  parameters: number
}

/** What a classifier says of one text. */
export interface Classification extends Prediction {
  /** Labels with their probabilities, best first. */
  scores: LabelScore[]
  /** The names of the logits, in their order. */
  labels: readonly string[]
  /** Tokens that the model read, special tokens included. */
  tokens: number
  /** Whether the text was longer than that. */
  truncated: boolean
}

/** @throws TorchLoraError INVALID_ARGUMENT for anything but a way to treat long texts */
export function checkLongText(value: LongText = 'truncate'): LongText {
  if (['truncate', 'windows', 'refuse'].includes(value)) return value
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `longText: expected 'truncate', 'windows' or 'refuse', received '${value}'.`,
  )
}

/** @throws TorchLoraError INVALID_ARGUMENT for anything but a whole number above 0 */
export function checkWhole(name: string, value: number | undefined): void {
  if (value !== undefined && (!Number.isInteger(value) || value < 1))
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `${name}: expected a whole number above 0, received ${value}.`,
    )
}
