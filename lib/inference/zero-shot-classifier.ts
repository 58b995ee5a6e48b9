import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { boolean, type Rules, readOptions, string } from '../options.ts'
import { SequenceClassification } from '../tasks/sequence-classification.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
import { encodeTexts, isCut, windowsOf } from './encode-texts.ts'
import { Engine, loadEngine } from './engine.ts'
import { tokenizerInput } from './inputs.ts'
import {
  callRules as allCallRules,
  fromRules as allFromRules,
  type CallOptions,
  type FromOptions,
  type OnError,
  type StreamResult,
  type StreamRowOptions,
  type TextModelOptions,
  textModelRules,
} from './options.ts'
import { type EncodeContext, TextModel } from './text-model.ts'
import type { EncodedRequest } from './text-pipeline.ts'
import { entailmentOf, rankZeroShot, zeroShotPairs } from './zero-shot.ts'

/** How a {@link ZeroShotClassifier} is loaded. */
export type ZeroShotClassifierOptions = Omit<TextModelOptions, 'problemType' | 'longText' | 'windowOverlap'>

/** What one call of {@link ZeroShotClassifier.classify} may ask for. */
export interface ZeroShotOptions extends Omit<CallOptions, 'longText' | 'truncationSide'> {
  /** What is asked of a text for each label, which stands in the place of {}. Default "This example is {}." */
  hypothesisTemplate?: string | undefined
  /** Whether several labels may hold: then each has a probability of its own. Default false: one holds. */
  multiLabel?: boolean | undefined
}

/** Labels with their probabilities, best first. */
export interface ZeroShotClassification<C extends string = string> {
  labels: C[]
  scores: number[]
  /** Whether a part of the text was not read. */
  truncated: boolean
}

const { problemType: _p, longText: _l, windowOverlap: _w, ...loadRules } = textModelRules

const { longText: _f, windowOverlap: _o, ...fromRules } = allFromRules

const { longText: _c, truncationSide: _s, ...callRules } = allCallRules

const zeroShotRules: Rules<ZeroShotOptions> = {
  ...callRules,
  hypothesisTemplate: string,
  multiLabel: boolean,
}

type Question = ZeroShotOptions & { text: string; candidates: readonly string[] }

interface EncodedQuestion extends EncodedRequest {
  candidates: readonly string[]
  multiLabel: boolean
}

/**
 * Sorts texts into labels that the model was not trained on: a model of natural language inference says of each label
 * whether the text entails "This example is {label}." (Yin et al., 2019). The results of transformers'
 * ZeroShotClassificationPipeline; all labels of a call share batches.
 */
export class ZeroShotClassifier extends TextModel<
  SequenceClassification,
  ZeroShotOptions & { text: string; candidates: readonly string[] },
  ZeroShotClassification,
  ZeroShotOptions
> {
  readonly task = 'zero-shot-classification'
  /** @internal */
  protected readonly kind = SequenceClassification
  /** @internal */
  protected readonly verb = 'classify'
  /** @internal */
  protected readonly callRules = zeroShotRules

  private constructor(engine: Engine<SequenceClassification>, options: TextModelOptions) {
    super(engine, options)
  }

  /**
   * Loads a model of natural language inference: a sequence classifier one of whose labels is "entailment".
   * @throws TorchLoraError INCOMPATIBLE for another model; INVALID_FILE, UNSAFE_FILE, UNSUPPORTED, NETWORK,
   * INVALID_ARGUMENT
   */
  static async load(dirOrId: string, options: ZeroShotClassifierOptions = {}): Promise<ZeroShotClassifier> {
    const own = { device: 'auto', ...readOptions('ZeroShotClassifier.load', options, loadRules) }
    const engine = await loadEngine(SequenceClassification, dirOrId, own)
    return await new ZeroShotClassifier(engine, own).ready()
  }

  /**
   * A zero-shot classifier of a model that is in memory. Model and tokenizer stay yours: keep them, and leave the model
   * as it is, until this is closed.
   * @throws TorchLoraError INCOMPATIBLE, INVALID_ARGUMENT, OUT_OF_MEMORY
   */
  static async from(
    model: Model<SequenceClassification>,
    tokenizer: Tokenizer,
    options: Omit<FromOptions, 'longText' | 'windowOverlap'> = {},
  ): Promise<ZeroShotClassifier> {
    readOptions('ZeroShotClassifier.from', options, fromRules)
    const engine = await Engine.of(model, tokenizer, options)
    return await new ZeroShotClassifier(engine, options).ready()
  }

  /**
   * Sorts a text, or each of an array, into labels.
   * @throws TorchLoraError INVALID_ARGUMENT for no labels, or more than the queue holds; TOO_LONG for a label that
   * leaves no room for the text; QUEUE_FULL, ABORTED, TIMEOUT, DISPOSED, OUT_OF_MEMORY, NATIVE
   */
  classify<const C extends string>(
    text: string,
    candidateLabels: readonly C[],
    options?: ZeroShotOptions,
  ): Promise<ZeroShotClassification<C>>
  classify<const C extends string>(
    texts: readonly string[],
    candidateLabels: readonly C[],
    options?: ZeroShotOptions,
  ): Promise<ZeroShotClassification<C>[]>
  async classify(
    input: string | readonly string[],
    candidates: readonly string[],
    options: ZeroShotOptions = {},
  ): Promise<unknown> {
    const question = (text: string): Question => ({ ...options, text, candidates })
    return this.respondOneOrMany(
      Array.isArray(input) ? input.map(question) : question(input as string),
      options,
    )
  }

  /**
   * Sorts any number of rows into labels, in order: each result, with its `row`, as soon as it and those before it are
   * there.
   * @throws TorchLoraError as `classify`, but never QUEUE_FULL
   */
  classifyAll<const C extends string, Row extends string, E extends OnError = 'throw'>(
    rows: Iterable<Row> | AsyncIterable<Row>,
    candidateLabels: readonly C[],
    options?: ZeroShotOptions & StreamRowOptions<Row, string, E>,
  ): AsyncGenerator<StreamResult<Row, ZeroShotClassification<C>, E>, void, undefined>
  classifyAll<const C extends string, Row, E extends OnError = 'throw'>(
    rows: Iterable<Row> | AsyncIterable<Row>,
    candidateLabels: readonly C[],
    options: ZeroShotOptions & StreamRowOptions<Row, string, E> & { input: (row: Row) => string },
  ): AsyncGenerator<StreamResult<Row, ZeroShotClassification<C>, E>, void, undefined>
  classifyAll(
    rows: Iterable<unknown> | AsyncIterable<unknown>,
    candidates: readonly string[],
    { input = (row) => row as string, ...options }: ZeroShotOptions & StreamRowOptions<unknown, string> = {},
  ): AsyncGenerator<never, void, undefined> {
    const question = (row: unknown): Question => ({ ...options, text: input(row), candidates })
    return this.respondAll(rows, { ...options, input: question }) as AsyncGenerator<never, void, undefined>
  }

  /** @internal */
  protected override checkModel({ source, model }: Engine<SequenceClassification>): void {
    if (entailmentOf(model.task)) return
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `${source} has no label "entailment" beside another (its labels: ${model.task.labels.slice(0, 20).join(', ')}): zero-shot classification needs a model of natural language inference. Where its labels have no names, say them: \`labels\`.`,
    )
  }

  /** @internal */
  protected override textsOf({ text, candidates }: Question): readonly unknown[] {
    return Array.isArray(candidates) ? candidates.map(() => text) : [text]
  }

  /** @internal */
  protected async encode(
    questions: readonly Question[],
    { engine, first, maxLength }: EncodeContext<SequenceClassification, ZeroShotOptions>,
  ): Promise<EncodedQuestion[]> {
    const pairs = questions.flatMap(({ text, candidates, hypothesisTemplate }, i) => {
      tokenizerInput(text, first + i)
      return zeroShotPairs(text, candidates, hypothesisTemplate)
    })
    const encodings = await encodeTexts(engine, pairs, {
      ...{ maxLength, first, longText: 'truncate' },
      truncation: 'only_first',
    })
    let at = 0
    return questions.map(({ candidates, multiLabel = false }): EncodedQuestion => {
      const own = encodings.slice(at, at + candidates.length)
      at += candidates.length
      return { texts: own.map(windowsOf), candidates, multiLabel }
    })
  }

  /** @internal */
  protected decode(
    { texts, candidates, multiLabel }: EncodedQuestion,
    outputs: readonly (readonly Float32Array[])[],
    { task }: { task: SequenceClassification },
  ): ZeroShotClassification {
    const ranked = rankZeroShot(
      outputs.map(([row]) => row!),
      candidates,
      { ...entailmentOf(task)!, multiLabel },
    )
    return {
      labels: ranked.map(({ label }) => label),
      scores: ranked.map(({ score }) => score),
      truncated: texts.some(isCut),
    }
  }
}
