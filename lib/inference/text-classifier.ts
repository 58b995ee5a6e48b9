import { type ProblemType, problemTypes } from '../data/problem-type.ts'
import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { oneOf, type Rules, readOptions, whole } from '../options.ts'
import { SequenceClassification } from '../tasks/sequence-classification.ts'
import type { Tokenizer, TruncationStrategy } from '../tokenizer/index.ts'
import { decodeLogits, type LabelScore, type Prediction, rankLabels } from './decode.ts'
import { encodeTexts, isCut, tokensOf, windowsOf } from './encode-texts.ts'
import { Engine, loadEngine } from './engine.ts'
import { checkExplainOptions, type ExplainOptions, explain } from './explain.ts'
import { type Explanation, leastSteps } from './explanation.ts'
import type { TextInput } from './inputs.ts'
import {
  type CallOptions,
  callRules,
  type FromOptions,
  fromRules,
  type OnError,
  type StreamResult,
  type StreamRowOptions,
  type TextModelOptions,
  textModelRules,
} from './options.ts'
import { type EncodeContext, TextModel } from './text-model.ts'
import type { EncodedRequest } from './text-pipeline.ts'

/** How a {@link TextClassifier} is loaded. */
export interface TextClassifierOptions<
  L extends string = string,
  P extends ProblemType | 'auto' = ProblemType | 'auto',
> extends Omit<TextModelOptions, 'labels' | 'problemType'> {
  /** The labels, for their types: checked against the model's, or naming them where it has no names. */
  labels?: readonly L[] | undefined
  /**
   * What the outputs mean. Default 'single_label_classification': a model of another kind is refused, so that what the
   * types promise holds. 'auto' takes what the model's files say, and the types promise less.
   */
  problemType?: P | undefined
}

/** What one call of {@link TextClassifier.classify} may ask for. */
export interface ClassifyOptions extends CallOptions {
  /** Labels in `scores` at most. Default: all. */
  topK?: number | undefined
  /** Which text of a pair that is too long is cut. Default: the longer first. */
  truncation?: TruncationStrategy | undefined
}

/** What a classifier says of one text. */
export interface Classification<L extends string = string, P extends ProblemType = ProblemType>
  extends Prediction<L, P> {
  /** Labels with their probabilities, best first. */
  scores: LabelScore<L>[]
  /** The labels that hold: `label`; for multi-label every label above 0.5; none for regression. */
  chosen: L[]
  /** The names of the logits, in their order. */
  labels: readonly L[]
  /** Tokens that the model read, special tokens included. */
  tokens: number
  /** Whether the text was longer than that. */
  truncated: boolean
}

const loadRules: Rules<TextClassifierOptions> = {
  ...textModelRules,
  problemType: oneOf(...problemTypes, 'auto'),
}

const classifyRules: Rules<ClassifyOptions> = {
  ...callRules,
  topK: whole(1),
  truncation: oneOf('longest_first', 'only_first', 'only_second'),
}

/** The problem that a classifier loaded with `P` answers. */
export type AnsweredProblem<P extends ProblemType | 'auto'> = P extends ProblemType ? P : ProblemType

/** An adapter has labels of its own, of which the classifier's type knows nothing. */
export type ClassificationOf<L extends string, P extends ProblemType, O> = O extends { adapter: infer A }
  ? A extends string
    ? Classification
    : Classification<L, P>
  : Classification<L, P>

/** Labels of texts and pairs: a label each, several, or a score. */
export class TextClassifier<L extends string = string, P extends ProblemType = ProblemType> extends TextModel<
  SequenceClassification,
  TextInput,
  Classification,
  ClassifyOptions
> {
  readonly task = 'sequence-classification'
  /** @internal */
  protected readonly kind = SequenceClassification
  /** @internal */
  protected readonly verb = 'classify'
  /** @internal */
  protected readonly callRules = classifyRules
  readonly #asked: ProblemType | 'auto'

  private constructor(
    engine: Engine<SequenceClassification>,
    options: TextModelOptions,
    asked: ProblemType | 'auto' | undefined,
  ) {
    super(engine, options)
    this.#asked = asked ?? 'single_label_classification'
  }

  /**
   * Loads a model folder or hub id with its tokenizer. `mergeAdapter` is merged into the weights; `adapters` stay apart and
   * are chosen by each call.
   *
   * `labels` become the type of `label`: `load(dir, { labels: ['billing', 'bug'] })` answers with 'billing' or 'bug'.
   * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE (other labels, or a problem that `problemType` does
   * not say), UNSUPPORTED, NETWORK, INVALID_ARGUMENT for an option out of range
   */
  static async load<
    const L extends string = string,
    P extends ProblemType | 'auto' = 'single_label_classification',
  >(
    dirOrId: string,
    options: TextClassifierOptions<L, P> = {},
  ): Promise<TextClassifier<L, AnsweredProblem<P>>> {
    const { problemType, ...rest } = readOptions('TextClassifier.load', options, loadRules)
    const own = { device: 'auto', ...rest, ...(saidProblem(problemType) ?? {}) }
    const engine = await loadEngine(SequenceClassification, dirOrId, own)
    return await new TextClassifier<L, AnsweredProblem<P>>(engine, own, problemType).ready()
  }

  /**
   * A classifier of a model that is in memory, an adapter on it included, as it is now. Model and tokenizer stay yours:
   * keep them, and leave the model as it is, until the classifier is closed.
   * @throws TorchLoraError INCOMPATIBLE where they do not belong together, INVALID_ARGUMENT, OUT_OF_MEMORY
   */
  static async from<
    const L extends string = string,
    P extends ProblemType | 'auto' = 'single_label_classification',
  >(
    model: Model<SequenceClassification>,
    tokenizer: Tokenizer,
    given: FromOptions & Pick<TextClassifierOptions<L, P>, 'labels' | 'problemType'> = {},
  ): Promise<TextClassifier<L, AnsweredProblem<P>>> {
    const { labels, problemType, ...options } = readOptions('TextClassifier.from', given, {
      ...fromRules,
      labels: loadRules.labels,
      problemType: loadRules.problemType,
    })
    if (labels) model.task.labelSet.requireSame(model.task.withLabels({ labels }).labelSet)
    const engine = await Engine.of(model, tokenizer, options)
    const own = { ...options, labels, ...(saidProblem(problemType) ?? {}) }
    return await new TextClassifier<L, AnsweredProblem<P>>(engine, own, problemType).ready()
  }

  /** The names of the model's own outputs, in their order. */
  get labels(): readonly L[] {
    return this.model.task.labels as readonly L[]
  }

  /** What the model's own outputs mean. */
  get problemType(): P {
    return this.model.task.problemType as P
  }

  /**
   * Classifies a text or a pair `{text, textPair}`, or an array of them (in which `[text, textPair]` is a pair too).
   * @returns one result, or as many as there are inputs, in their order
   * @throws TorchLoraError QUEUE_FULL at once when too many wait, ABORTED on a signal, TIMEOUT, DISPOSED after close(),
   * TOO_LONG, INVALID_ARGUMENT, OUT_OF_MEMORY, NATIVE
   */
  classify<O extends ClassifyOptions = ClassifyOptions>(
    input: string | { text: string; textPair?: string | undefined },
    options?: O,
  ): Promise<ClassificationOf<L, P, O>>
  classify<O extends ClassifyOptions = ClassifyOptions>(
    inputs: readonly TextInput[],
    options?: O,
  ): Promise<ClassificationOf<L, P, O>[]>
  async classify(input: TextInput | readonly TextInput[], options: ClassifyOptions = {}): Promise<unknown> {
    return this.respondOneOrMany(input, options)
  }

  /**
   * Classifies any number of rows, in order: each result, with its `row`, as soon as it and those before it are there.
   * Takes more rows only as results are taken from it and as the queue has room, so that neither an endless source nor
   * a slow reader fills the memory.
   * @throws TorchLoraError as `classify`, but never QUEUE_FULL
   */
  classifyAll<Row extends TextInput, O extends ClassifyOptions, E extends OnError = 'throw'>(
    rows: Iterable<Row> | AsyncIterable<Row>,
    options?: O & StreamRowOptions<Row, TextInput, E>,
  ): AsyncGenerator<StreamResult<Row, ClassificationOf<L, P, O>, E>, void, undefined>
  classifyAll<Row, O extends ClassifyOptions, E extends OnError = 'throw'>(
    rows: Iterable<Row> | AsyncIterable<Row>,
    options: O & StreamRowOptions<Row, TextInput, E> & { input: (row: Row) => TextInput },
  ): AsyncGenerator<StreamResult<Row, ClassificationOf<L, P, O>, E>, void, undefined>
  classifyAll(
    rows: Iterable<unknown> | AsyncIterable<unknown>,
    options: ClassifyOptions & StreamRowOptions<unknown, TextInput> = {},
  ): AsyncGenerator<never, void, undefined> {
    return this.respondAll(rows, options) as AsyncGenerator<never, void, undefined>
  }

  /**
   * Why: a label's logit shared out among the tokens of a text, by integrated gradients or gradient times input. It
   * computes in the weights as they were loaded, never in 8 bits, a batch of passes at a time, between the batches of
   * other calls, and holds as many places in the queue as it takes steps.
   *
   * ```ts
   * const { label, tokens } = await classifier.explain('It broke again.')
   * for (const { text, attribution } of tokens) console.log(text, attribution.toFixed(3))
   * ```
   * @throws TorchLoraError INVALID_ARGUMENT for a label that the model has not, and as `classify`
   */
  async explain<O extends ExplainOptions<L> | ExplainOptions = ExplainOptions<L>>(
    input: TextInput,
    options?: O,
  ): Promise<O extends { adapter: string } ? Explanation : Explanation<L>> {
    const asked: ExplainOptions = options ?? {}
    checkExplainOptions(asked)
    const { maxLength, maxBatchTokens } = this
    const explanation = await this.workAlone('explain', input, {
      options: asked,
      places: asked.method === 'gradient-x-input' ? 1 : (asked.steps ?? leastSteps),
      work: (context) => explain(input, asked, { ...context, maxLength, maxBatchTokens }),
    })
    return explanation as Explanation<L>
  }

  /** @internal */
  protected override checkModel(engine: Engine<SequenceClassification>): void {
    const { problemType, stated } = engine.model.task
    if (this.#asked === 'auto' || problemType === this.#asked || !engine.hasHead) return
    const saying = (type: string) => `TextClassifier.load('${engine.source}', { problemType: '${type}' })`
    const lines = stated
      ? saying(problemType)
      : `${saying('regression')} for a score, or ${saying('multi_label_classification')} for a probability`
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `${engine.source} is ${descriptions[problemType]}, and ${this.#asked} was asked for: say so, ${lines}. 'auto' takes whatever a model is.`,
    )
  }

  /** @internal */
  protected async encode(
    inputs: readonly TextInput[],
    { engine, ...context }: EncodeContext<SequenceClassification, ClassifyOptions>,
  ): Promise<EncodedRequest[]> {
    const { truncation } = context.options
    const encodings = await encodeTexts(engine, inputs, { ...context, truncation })
    return encodings.map((encoding) => ({ texts: [windowsOf(encoding)] }))
  }

  /** @internal */
  protected decode(
    encoded: EncodedRequest,
    [windows]: readonly (readonly Float32Array[])[],
    { task, options: { topK } }: { task: SequenceClassification; options: ClassifyOptions },
  ): Classification {
    const logits = meanRow(windows!)
    const prediction = decodeLogits(logits, task)
    const scores = task.scores(logits)
    const several = task.problemType === 'multi_label_classification'
    return {
      ...prediction,
      scores: rankLabels(scores, task.labels, { topK }),
      chosen: task.labels.filter((label, i) => (several ? scores[i]! > 0.5 : label === prediction.label)),
      labels: task.labels,
      tokens: tokensOf(encoded),
      truncated: isCut(encoded.texts[0]!),
    }
  }
}

const descriptions: Readonly<Record<ProblemType, string>> = {
  single_label_classification: 'a classifier of one label',
  multi_label_classification: 'a multi-label classifier',
  regression: 'a model of one score',
}

/** What is said of the problem, as loading takes it: nothing where the model's files have the word. */
function saidProblem(
  problemType: ProblemType | 'auto' | undefined,
): { problemType: ProblemType } | undefined {
  return problemType === undefined || problemType === 'auto' ? undefined : { problemType }
}

function meanRow(rows: readonly Float32Array[]): number[] {
  return Array.from(rows[0]!, (_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length)
}
