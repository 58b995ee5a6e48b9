import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { boolean, number, type Rules, readOptions, whole } from '../options.ts'
import { decodeAnswers } from '../tasks/answers.ts'
import { encodeQuestions, QuestionAnswering } from '../tasks/question-answering.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
import { checkIds } from './encode-texts.ts'
import { Engine, loadEngine } from './engine.ts'
import { textOf } from './inputs.ts'
import type { LongText } from './long-texts.ts'
import {
  type CallOptions,
  callRules,
  type FromOptions,
  fromRules,
  type OnError,
  type StreamResult,
  type StreamRowOptions,
  type UnlabelledOptions,
  unlabelledRules,
} from './options.ts'
import { type DecodeContext, type EncodeContext, TextModel } from './text-model.ts'
import type { EncodedRequest } from './text-pipeline.ts'

/** A question and the text that answers it, perhaps. */
export interface QuestionInput {
  question: string
  context: string
}

/** How a {@link QuestionAnswerer} is loaded. */
export interface QuestionAnswererOptions extends UnlabelledOptions {
  /** Windows of a context at most; a longer one is refused with TOO_LONG. Default 64. */
  maxWindows?: number | undefined
}

/** What one call of {@link QuestionAnswerer.answer} may ask for. */
export interface QuestionOptions extends Omit<CallOptions, 'truncationSide'> {
  /** So many of the best answers in `answers`. Default 1. */
  topK?: number | undefined
  /** Tokens of an answer at most. Default 30. */
  maxAnswerTokens?: number | undefined
  /** Whether it may be answered that the context has no answer: ''. For models of SQuAD 2.0. Default false. */
  handleImpossibleAnswer?: boolean | undefined
  /**
   * With `handleImpossibleAnswer`: how much more than the best answer's the score of none, a sum of two logits, must be.
   * Default 0.
   */
  nullThreshold?: number | undefined
}

/** A stretch of a context: `context.slice(start, end)`, in UTF-16 code units. */
export interface AnswerSpan {
  /** '' where there is none. */
  answer: string
  start: number
  end: number
  /** Its probability among the best twenty. */
  score: number
}

/** The best answer to a question. */
export interface QuestionAnswer extends AnswerSpan {
  /** The best `topK`, this one first. */
  answers: AnswerSpan[]
  /** Whether a part of the context was not read. */
  truncated: boolean
}

const loadRules: Rules<QuestionAnswererOptions> = { ...unlabelledRules, maxWindows: whole(1) }

const { truncationSide: _, ...questionCallRules } = callRules
const questionRules: Rules<QuestionOptions> = {
  ...questionCallRules,
  topK: whole(1),
  maxAnswerTokens: whole(1),
  handleImpossibleAnswer: boolean,
  nullThreshold: number({ least: -1e6, most: 1e6 }),
}

interface EncodedQuestion extends EncodedRequest {
  context: string
  truncated: boolean
}

/** Candidates whose scores add up to 1, where not more are asked for. */
const candidates = 20

/**
 * Answers questions from texts, by the stretch of the text that answers: long texts in windows, the answers of all
 * windows together. Scores are those of transformers' `postprocess_qa_predictions`.
 */
export class QuestionAnswerer extends TextModel<
  QuestionAnswering,
  QuestionInput,
  QuestionAnswer,
  QuestionOptions
> {
  readonly task = 'question-answering'
  /** @internal */
  protected readonly kind = QuestionAnswering
  /** @internal */
  protected readonly verb = 'answer'
  /** @internal */
  protected readonly callRules = questionRules
  readonly #maxWindows: number
  readonly #overlap: number | undefined

  private constructor(
    engine: Engine<QuestionAnswering>,
    { maxWindows = 64, ...options }: QuestionAnswererOptions,
  ) {
    super(engine, options)
    this.#maxWindows = maxWindows
    this.#overlap = options.windowOverlap
  }

  /**
   * Loads a model folder or hub id with its tokenizer. `mergeAdapter` is merged into the weights; `adapters` stay apart and
   * are chosen by each call.
   * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE, UNSUPPORTED, NETWORK, INVALID_ARGUMENT
   */
  static async load(dirOrId: string, options: QuestionAnswererOptions = {}): Promise<QuestionAnswerer> {
    const own = { device: 'auto', ...readOptions('QuestionAnswerer.load', options, loadRules) }
    const { maxWindows: _, ...load } = own
    const engine = await loadEngine(QuestionAnswering, dirOrId, load)
    return await new QuestionAnswerer(engine, own).ready()
  }

  /**
   * A question answerer of a model that is in memory, an adapter on it included, as it is now. Model and tokenizer stay
   * yours: keep them, and leave the model as it is, until this is closed.
   * @throws TorchLoraError INCOMPATIBLE where they do not belong together, INVALID_ARGUMENT, OUT_OF_MEMORY
   */
  static async from(
    model: Model<QuestionAnswering>,
    tokenizer: Tokenizer,
    options: FromOptions & Pick<QuestionAnswererOptions, 'maxWindows'> = {},
  ): Promise<QuestionAnswerer> {
    readOptions('QuestionAnswerer.from', options, { ...fromRules, maxWindows: loadRules.maxWindows })
    const engine = await Engine.of(model, tokenizer, options)
    return await new QuestionAnswerer(engine, options).ready()
  }

  /**
   * Answers a question, or each of an array.
   *
   * ```ts
   * const { answer, start, end } = await answerer.answer({ question: 'Who wrote it?', context })
   * ```
   * @throws TorchLoraError INVALID_ARGUMENT for an empty question or context; TOO_LONG for a question that leaves no room
   * for a context, or a context of more than `maxWindows`; QUEUE_FULL at once when too many wait, ABORTED on a signal,
   * TIMEOUT, DISPOSED after close(), OUT_OF_MEMORY, NATIVE
   */
  answer(input: QuestionInput, options?: QuestionOptions): Promise<QuestionAnswer>
  answer(inputs: readonly QuestionInput[], options?: QuestionOptions): Promise<QuestionAnswer[]>
  async answer(
    input: QuestionInput | readonly QuestionInput[],
    options: QuestionOptions = {},
  ): Promise<unknown> {
    return this.respondOneOrMany(input, options)
  }

  /**
   * Answers any number of rows, in order: each answer, with its `row`, as soon as it and those before it are there.
   * @throws TorchLoraError as `answer`, but never QUEUE_FULL
   */
  answerAll<Row extends QuestionInput, E extends OnError = 'throw'>(
    rows: Iterable<Row> | AsyncIterable<Row>,
    options?: QuestionOptions & StreamRowOptions<Row, QuestionInput, E>,
  ): AsyncGenerator<StreamResult<Row, QuestionAnswer, E>, void, undefined>
  answerAll<Row, E extends OnError = 'throw'>(
    rows: Iterable<Row> | AsyncIterable<Row>,
    options: QuestionOptions &
      StreamRowOptions<Row, QuestionInput, E> & { input: (row: Row) => QuestionInput },
  ): AsyncGenerator<StreamResult<Row, QuestionAnswer, E>, void, undefined>
  answerAll(
    rows: Iterable<unknown> | AsyncIterable<unknown>,
    options: QuestionOptions & StreamRowOptions<unknown, QuestionInput> = {},
  ): AsyncGenerator<never, void, undefined> {
    return this.respondAll(rows, options) as AsyncGenerator<never, void, undefined>
  }

  /** @internal */
  protected override get defaultLongText(): LongText {
    return 'windows'
  }

  /** @internal */
  protected async encode(
    inputs: readonly QuestionInput[],
    { engine, first, maxLength, longText }: EncodeContext<QuestionAnswering, QuestionOptions>,
  ): Promise<EncodedQuestion[]> {
    const asked = inputs.map((input, i) => questionOf(input, `Input ${first + i}`))
    const maxWindows = longText === 'windows' ? this.#maxWindows : 1
    const overlap = this.#overlap
    const encoded = await encodeQuestions(asked, engine.tokenizer, { maxLength, overlap, maxWindows })
    checkIds(
      engine,
      encoded.map(([window]) => window!),
      first,
    )
    return encoded.map((windows, i): EncodedQuestion => {
      const { context } = asked[i]!
      if (windows.length > maxWindows && longText !== 'truncate') {
        const remedy =
          longText === 'windows' ? 'raise `maxWindows`, or allow truncation' : 'allow windows or truncation'
        throw new TorchLoraError(
          'TOO_LONG',
          `Input ${first + i}: its context is more than ${maxWindows} windows of ${maxLength} tokens, and at most ${maxWindows} may be read: give the part that matters, ${remedy}.`,
        )
      }
      const read = windows.slice(0, maxWindows)
      return { texts: [read], context, truncated: read.length < windows.length }
    })
  }

  /** @internal */
  protected decode(
    { texts: [windows], context, truncated }: EncodedQuestion,
    [outputs]: readonly (readonly Float32Array[])[],
    { options }: DecodeContext<QuestionAnswering, QuestionOptions>,
  ): QuestionAnswer {
    const { topK = 1, maxAnswerTokens, handleImpossibleAnswer, nullThreshold } = options
    const found = decodeAnswers(
      context,
      { windows: windows!, outputs: outputs! },
      {
        nBest: Math.max(candidates, topK),
        maxAnswerLength: maxAnswerTokens,
        noAnswer: handleImpossibleAnswer,
        nullThreshold,
      },
    )
    const answers = found.slice(0, topK).map(({ text, ...place }): AnswerSpan => ({ answer: text, ...place }))
    const [best = { answer: '', start: 0, end: 0, score: 0 }] = answers
    return { ...best, answers, truncated }
  }
}

/** @throws TorchLoraError INVALID_ARGUMENT for what is no question with its context */
function questionOf(input: unknown, what: string): QuestionInput {
  const { question, context } = (input ?? {}) as Partial<QuestionInput>
  return {
    question: textOf(question, `${what}, question`, { filled: true }),
    context: textOf(context, `${what}, context`, { filled: true }),
  }
}
