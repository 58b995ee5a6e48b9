import type { Hash } from 'node:crypto'
import type { QuestionExample } from '../data/question-examples.ts'
import type { ConfigReader, EncoderConfig } from '../encoders/config.ts'
import type { Family } from '../encoders/family.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { ClassificationHead } from '../heads/classification.ts'
import type { Head } from '../heads/head.ts'
import { Tensor, type TensorOptions } from '../tensor.ts'
import type { Encoding, Tokenizer } from '../tokenizer/index.ts'
import { decodeAnswers } from './answers.ts'
import { logSumExp, mean } from './arithmetic.ts'
import { type LabelOptions, refuseLabels } from './label-config.ts'
import { bestScores } from './squad-metrics.ts'
import {
  type CollateOptions,
  type EncodedExamples,
  type EncodeOptions,
  type Metrics,
  type Targets,
  Task,
} from './task.ts'

/** Where the answers of many questions stand in their windows. */
export interface AnswerLabels {
  windows: readonly Encoding[]
  /** Of each window, the tokens that the answer begins and ends at; 0 and 0 where it is not in it: [2 * windows] */
  places: Int32Array
  /** Of each question, its first window and how many it has. */
  questions: readonly { context: string; answers: readonly string[]; first: number; count: number }[]
}

/** The stretch of a text that answers a question; transformers' `...ForQuestionAnswering`. */
export class QuestionAnswering extends Task<AnswerLabels, QuestionExample> {
  static readonly taskName = 'question-answering'
  static readonly architecture = 'ForQuestionAnswering'
  static readonly peftType = 'QUESTION_ANS'
  readonly name = QuestionAnswering.taskName
  readonly architecture = QuestionAnswering.architecture
  readonly peftType = QuestionAnswering.peftType
  readonly savedModules = ['qa_outputs']
  readonly width = 2
  readonly labels: readonly string[] = []
  readonly metricNames = ['f1', 'exact_match']
  readonly defaultMetrics = this.metricNames

  /**
   * The task: `config.json` says nothing of it.
   * @throws TorchLoraError INVALID_ARGUMENT for labels, which it has none of
   */
  static read(_reader: ConfigReader, options: LabelOptions = {}): QuestionAnswering {
    refuseLabels('A model that answers questions', options)
    return new QuestionAnswering()
  }

  requireLabels(): void {
    throw new TorchLoraError(
      'INCOMPATIBLE',
      'A model that answers questions has no labels: leave `labels` away.',
    )
  }

  head(family: Family, config: EncoderConfig, options: TensorOptions): Head {
    const { question, token } = family.heads(config)
    const { hiddenSize, std } = token
    const layout = question ?? { hiddenSize, std, out: 'qa_outputs', dropout: 0 }
    return new ClassificationHead('tokens', layout, { width: 2, ...options })
  }

  toConfig(): Record<string, unknown> {
    return {}
  }

  toMetadata(): Record<string, string> {
    return {}
  }

  /** Questions with their contexts, long ones in windows that share a third (128 tokens at most). */
  async encode(
    examples: readonly QuestionExample[],
    tokenizer: Tokenizer,
    { maxLength }: EncodeOptions,
  ): Promise<EncodedExamples<AnswerLabels>> {
    const found = await encodeQuestions(examples, tokenizer, { maxLength })
    const windows: Encoding[] = []
    const places: number[] = []
    const questions = examples.map(({ context, answers }, i) => {
      const own = found[i]!
      const [answer] = answers
      for (const window of own) places.push(...(answer ? placeIn(window, answer) : [0, 0]))
      const first = windows.length
      windows.push(...own)
      return { context, answers: answers.map(({ text }) => text), first, count: own.length }
    })
    return { encodings: windows, labels: { windows, places: Int32Array.from(places), questions } }
  }

  /**
   * `index` int64 [B, L]: the rows of each sequence's tokens, the last row of all, behind the outputs, where it is
   * shorter; `starts` and `ends` int64 [B], -100 for padding.
   */
  collate(
    { places }: AnswerLabels,
    indices: ArrayLike<number>,
    { device, lengths }: CollateOptions,
  ): Targets {
    const longest = Math.max(...lengths)
    const total = lengths.reduce((sum, length) => sum + length, 0)
    const index: number[] = []
    let at = 0
    for (const length of lengths) {
      for (let t = 0; t < longest; t++) index.push(t < length ? at + t : total)
      at += length
    }
    const side = (n: 0 | 1) =>
      Tensor.from(
        lengths.map((_, b) => (b < indices.length ? places[2 * indices[b]! + n]! : -100)),
        { dtype: 'int64', device },
      )
    return {
      index: Tensor.from(index, { dtype: 'int64', shape: [lengths.length, longest], device }),
      starts: side(0),
      ends: side(1),
    }
  }

  /** The mean of the cross-entropies of start and end over a sequence's own tokens. */
  loss(logits: Tensor, { index, starts, ends }: Targets): Tensor {
    const nothing = ops.fullLike(
      ops.slice(logits.detach(), { dim: 0, start: 0, end: 1 }),
      Number.NEGATIVE_INFINITY,
    ) // [1, 2]
    const padded = ops.embedding(ops.cat([logits, nothing], { dim: 0 }), index!) // [B, L, 2]
    const side = (n: 0 | 1, target: Tensor) => ops.crossEntropyLoss(ops.select(padded, 2, n), target)
    return ops.div(ops.add(side(0, starts!), side(1, ends!)), 2)
  }

  /** Loss of windows; exact match and F1 of questions, as SQuAD's script counts them. */
  score(
    outputs: readonly Float32Array[],
    { windows, places, questions }: AnswerLabels,
    metrics: readonly string[],
  ): Metrics {
    const losses = outputs.map((logits, w) => {
      const side = (n: 0 | 1) => {
        const own = logits.filter((_, i) => i % 2 === n)
        return logSumExp(own) - own[places[2 * w + n]!]!
      }
      return (side(0) + side(1)) / 2
    })
    const noAnswer = questions.some(({ answers }) => answers.length === 0)
    const scores = questions.map(({ context, answers, first, count }) => {
      const own = {
        windows: windows.slice(first, first + count),
        outputs: outputs.slice(first, first + count),
      }
      return bestScores(decodeAnswers(context, own, { noAnswer })[0]?.text ?? '', answers)
    })
    const all: Metrics = {
      f1: mean(scores.map(({ f1 }) => f1)),
      exact_match: mean(scores.map(({ exact }) => exact)),
    }
    return { loss: mean(losses), ...Object.fromEntries(metrics.map((name) => [name, all[name]!])) }
  }

  digest({ places, questions }: AnswerLabels, hash: Hash): void {
    hash.update(places)
    for (const { answers, count } of questions) hash.update(JSON.stringify([count, answers]))
  }
}

/**
 * The windows of each question with its context: what `decodeAnswers` reads.
 * @param options.maxWindows windows of a context that are wanted: of a longer one there are more, but not for all of it
 * @throws TorchLoraError TOO_LONG for a question that leaves no room for a context
 */
export async function encodeQuestions(
  examples: readonly { question: string; context: string }[],
  tokenizer: Tokenizer,
  {
    maxLength,
    overlap = Math.min(128, Math.floor(maxLength / 3)),
    maxWindows,
  }: EncodeOptions & {
    /** Tokens that neighbouring windows share. */
    overlap?: number | undefined
    maxWindows?: number | undefined
  },
): Promise<Encoding[][]> {
  const pairs = examples.map(({ question, context }) => [question, context] as const)
  const read =
    maxWindows === undefined ? pairs : await beginnings(pairs, tokenizer, (maxWindows + 1) * maxLength)
  const encodings = await tokenizer.encodeBatch(read, {
    maxLength,
    offsets: true,
    truncation: 'only_second',
    stride: overlap,
  })
  return encodings.map((encoding) => [encoding, ...encoding.overflow])
}

/** Characters of a token at most, nearly always: a text of fewer is tokenized whole. */
const tokenChars = 16

/** Pairs whose second text, where it is far longer than `tokens` tokens, ends there: the rest is never tokenized. */
async function beginnings(
  pairs: readonly (readonly [string, string])[],
  tokenizer: Tokenizer,
  tokens: number,
): Promise<(readonly [string, string])[]> {
  const isLong = ([, text]: readonly [string, string]) => text.length > tokenChars * tokens
  const cut = {
    maxLength: tokens,
    offsets: true,
    truncation: 'only_second',
    truncationSide: 'right',
  } as const
  const found = (await tokenizer.encodeBatch(pairs.filter(isLong), cut)).values()
  return pairs.map((pair) => {
    if (!isLong(pair)) return pair
    const { truncated, sequenceIds, offsets } = found.next().value!
    const [first, second] = pair
    return [first, truncated ? second.slice(0, offsets![2 * sequenceIds!.lastIndexOf(1) + 1]) : second]
  })
}

/** The first and last token of an answer in a window; 0 and 0, the first token of all, where it is not whole in it. */
function placeIn(
  { offsets, sequenceIds }: Encoding,
  { text, start }: { text: string; start: number },
): [number, number] {
  const end = start + text.length
  let first = -1
  let last = -1
  let covers = false
  for (const [t, sequence] of sequenceIds!.entries()) {
    if (sequence !== 1) continue
    const [from, to] = [offsets![2 * t]!, offsets![2 * t + 1]!]
    if (from <= start) first = t
    if (last < 0 && to >= end) last = t
    if (to >= end) covers = true
  }
  const inside = first >= 0 && covers && last >= first && offsets![2 * first + 1]! > start
  return inside ? [first, last] : [0, 0]
}
