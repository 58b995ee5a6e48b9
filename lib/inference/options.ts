import type { ProblemType } from '../data/problem-type.ts'
import type { TorchLoraError } from '../errors.ts'
import { type FromPretrainedOptions, fromPretrainedRules } from '../models/pretrained.ts'
import {
  any,
  boolean,
  callback,
  number,
  object,
  oneOf,
  type Rules,
  signal,
  string,
  whole,
} from '../options.ts'
import type { DType } from '../tensor.ts'
import type { TokenizerOptions } from '../tokenizer/index.ts'
import { type LongText, longTexts } from './long-texts.ts'

/** Bytes of long texts that may wait where nobody says it. */
export const defaultQueueBytes = 8 * 2 ** 20

/** How a model that answers requests batches and bounds its work. */
export interface ServingOptions {
  /** Tokens that run together at most. Default 512 on the CPU, where more gains nothing, and 16384 on CUDA. */
  maxBatchTokens?: number | undefined
  /** Texts that may wait, those being tokenized included. Default 512. */
  maxQueue?: number | undefined
  /**
   * Bytes of long texts that may wait, of which the first 4096 of each text do not count: long texts beyond them are
   * refused, short ones are not. Default 8 MiB.
   */
  maxQueueBytes?: number | undefined
  /** Tokens of a text at most, special tokens included. Default, and upper bound: what the model takes. */
  maxLength?: number | undefined
  /**
   * 'truncate' cuts a long text; 'windows' runs overlapping windows and puts their answers together; 'refuse' fails
   * with TOO_LONG. Each class says which is its default.
   */
  longText?: LongText | undefined
  /** Tokens that neighbouring windows share. Default: a quarter of maxLength, at most 64. */
  windowOverlap?: number | undefined
  /** Run a full batch before the first request, so that it meets warm caches. Default true. */
  warmUp?: boolean | undefined
  /** Called after each batch, as subscribers of the diagnostics channel `torch-lora:batch` are. */
  onBatch?: ((batch: BatchReport) => void) | undefined
}

/** How a model is loaded, batches and bounds its work. */
export interface TextModelOptions
  extends ServingOptions,
    Omit<FromPretrainedOptions, 'head' | 'dtype'>,
    Pick<TokenizerOptions, 'addPrefixSpace'> {
  /** A PEFT folder, or a loralib checkpoint file, that is merged into the weights. A call's `adapter` is a name. */
  mergeAdapter?: string | undefined
  /** For a loralib checkpoint, which does not say its alpha. */
  loraAlpha?: number | undefined
  /**
   * Whose head answers: 'load' takes the adapter's, 'keep' the model's own. Default: the adapter's where it brings
   * one, as PEFT does.
   */
  head?: 'load' | 'keep' | undefined
  /** Adapters that stand beside the model, by the name that calls use. */
  adapters?: Readonly<Record<string, string>> | undefined
  /**
   * Of the weights in memory: 'float32' (default), 'float64', 'bfloat16', 'float16', 'auto' for bfloat16 where the
   * device multiplies it and float32 elsewhere, or, on the CPU, 'int8' for quantized Linears.
   */
  dtype?: DType | 'auto' | undefined
  /** On CUDA, replay passes as CUDA graphs, for which batches are padded to few shapes. Default true. */
  cudaGraphs?: boolean | undefined
  signal?: AbortSignal | undefined
}

/** How a model is loaded that takes another's place. */
export type SwapOptions = Omit<TextModelOptions, keyof ServingOptions>

/** How a model without labels is loaded. */
export type UnlabelledOptions = Omit<TextModelOptions, 'labels' | 'numLabels' | 'problemType' | 'head'>

/** What a model that is in memory already may be told. */
export interface FromOptions extends ServingOptions, Pick<TextModelOptions, 'cudaGraphs' | 'signal'> {
  /** 'int8' quantizes the body's Linears, on the CPU; else they are as the model has them. */
  dtype?: 'int8' | undefined
}

/** What one batch held, for metrics. */
export interface BatchReport {
  texts: number
  tokens: number
  milliseconds: number
}

/** What every call may ask for. */
export interface CallOptions {
  /** An adapter by its name; without one, the model itself. */
  adapter?: string | undefined
  longText?: LongText | undefined
  /** Which end of a text that is too long is cut. Default: what the tokenizer's files say, else 'right'. */
  truncationSide?: 'left' | 'right' | undefined
  /** Aborting drops what still waits: ABORTED. */
  signal?: AbortSignal | undefined
  /** Time for the whole call, in ms: then TIMEOUT. */
  timeoutMs?: number | undefined
  /** Called when the call has succeeded, as subscribers of the diagnostics channel `torch-lora:call` are. */
  onTimings?: ((timings: Timings) => void) | undefined
}

/** What becomes of a stream at a row that fails. */
export type OnError = 'throw' | 'yield'

/** How a stream of rows becomes requests, and what becomes of a row that fails. */
export interface StreamRowOptions<Row, Request, E extends OnError = OnError> {
  /** The request of a row. Default: the row itself. */
  input?: ((row: Row) => Request) | undefined
  /** 'throw' (default) ends the stream at a row that fails; 'yield' gives `{ row, error }` in its place and goes on. */
  onError?: E | undefined
}

/** A row that failed, in its place in a stream. */
export interface FailedRow<Row> {
  row: Row
  error: TorchLoraError
}

/** What a stream gives for a row: the result with its row, and, where errors are yielded, a failure. */
export type StreamResult<Row, Result, E extends OnError> =
  | (Result & { row: Row; error?: undefined })
  | (E extends 'yield' ? FailedRow<Row> : never)

/** Options of a call of `tokenize`. */
export interface TokenizeOptions extends Pick<CallOptions, 'signal' | 'timeoutMs'> {
  /** Put the model's special tokens around the text. Default true. */
  addSpecialTokens?: boolean | undefined
}

/** Options of a call of `detokenize`. */
export interface DetokenizeOptions extends Pick<CallOptions, 'signal' | 'timeoutMs'> {
  /** Leave the model's special tokens away. Default true. */
  skipSpecialTokens?: boolean | undefined
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
  /** Of a sequence classifier. */
  problemType?: ProblemType | undefined
  r: number
  parameters: number
}

const longText = oneOf(...longTexts)

/** What {@link ServingOptions} may be. */
const servingRules: Rules<ServingOptions> = {
  maxBatchTokens: whole(1),
  maxQueue: whole(1),
  maxQueueBytes: whole(1),
  maxLength: whole(1),
  longText,
  windowOverlap: whole(0),
  warmUp: boolean,
  onBatch: callback,
}

/** What {@link TextModelOptions} may be. */
export const textModelRules: Rules<TextModelOptions> = {
  ...fromPretrainedRules,
  ...servingRules,
  mergeAdapter: string,
  loraAlpha: number({ above: 0 }),
  head: oneOf('load', 'keep'),
  addPrefixSpace: boolean,
  adapters: object('an object of folders by name'),
  dtype: any, // whoever loads or freezes the model knows them
  cudaGraphs: boolean,
}

const { labels: _l, numLabels: _n, problemType: _p, head: _h, ...unlabelled } = textModelRules

/** What {@link UnlabelledOptions} may be. */
export const unlabelledRules: Rules<UnlabelledOptions> = unlabelled

/** What {@link FromOptions} may be. */
export const fromRules: Rules<FromOptions> = {
  ...servingRules,
  dtype: oneOf('int8'),
  cudaGraphs: boolean,
  signal,
}

/** What {@link CallOptions} may be. */
export const callRules: Rules<CallOptions> = {
  adapter: string,
  longText,
  truncationSide: oneOf('left', 'right'),
  signal,
  timeoutMs: number({ above: 0 }),
  onTimings: callback,
}

/** What {@link StreamRowOptions} may be. */
export const streamRules: Rules<StreamRowOptions<unknown, unknown>> = {
  input: callback,
  onError: oneOf('throw', 'yield'),
}

/** What {@link TokenizeOptions} may be. */
export const tokenizeRules: Rules<TokenizeOptions> = {
  signal,
  timeoutMs: callRules.timeoutMs,
  addSpecialTokens: boolean,
}

/** What {@link DetokenizeOptions} may be. */
export const detokenizeRules: Rules<DetokenizeOptions> = {
  signal,
  timeoutMs: callRules.timeoutMs,
  skipSpecialTokens: boolean,
}
