import type { Hash } from 'node:crypto'
import type { Example } from '../data/examples.ts'
import { type EncodedLabels, LabelSet } from '../data/labels.ts'
import { pearson, spearman } from '../data/metrics.ts'
import type { ProblemType } from '../data/problem-type.ts'
import { fitTemperature } from '../data/temperature.ts'
import type { ConfigReader, EncoderConfig } from '../encoders/config.ts'
import type { Family } from '../encoders/family.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { ClassificationHead } from '../heads/classification.ts'
import type { Head } from '../heads/head.ts'
import { Tensor, type TensorOptions } from '../tensor.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
import { argmax, logSumExp, mean, sigmoid, softmax } from './arithmetic.ts'
import { checkClasses, ignored } from './class-labels.ts'
import { type ClassScoresInput, classDetails, classIntervals, classMetrics } from './class-scores.ts'
import {
  byCount,
  chooseLabels,
  type HeadLabels,
  type HeadSaid,
  type LabelOptions,
  placeholders,
  temperatureField,
} from './label-config.ts'
import {
  type CollateOptions,
  type EncodedExamples,
  type EncodeOptions,
  type LossFunction,
  type LossOptions,
  type Metrics,
  type Progress,
  type ScoreDetails,
  type Targets,
  Task,
} from './task.ts'

const defaultMetrics: Readonly<Record<ProblemType, readonly string[]>> = {
  regression: ['pearson', 'spearmanr'],
  multi_label_classification: ['micro_f1', 'macro_f1', 'accuracy'],
  single_label_classification: ['accuracy', 'macro_f1', 'matthews_correlation'],
}

const regressionMetrics: Readonly<Record<string, (scores: number[], labels: ArrayLike<number>) => number>> = {
  pearson,
  spearmanr: spearman,
  mse: (scores, labels) => mean(scores.map((score, i) => (score - labels[i]!) ** 2)),
  mae: (scores, labels) => mean(scores.map((score, i) => Math.abs(score - labels[i]!))),
}

/** What a classifier's outputs are divided by, and what that is good for. */
export interface Temperature {
  /** Above 1 makes answers less sure, below 1 surer. */
  temperature: number
  /** Expected calibration error of the examples without the temperature and with it. */
  ece: { before: number; after: number }
}

/** A label, several labels, or a score for each text; transformers' `...ForSequenceClassification`. */
export class SequenceClassification extends Task<EncodedLabels, Example> {
  static readonly taskName = 'sequence-classification'
  static readonly architecture = 'ForSequenceClassification'
  static readonly peftType = 'SEQ_CLS'
  readonly name = SequenceClassification.taskName
  readonly architecture = SequenceClassification.architecture
  readonly peftType = SequenceClassification.peftType
  override readonly pipeline = 'text-classification'
  readonly savedModules = ['classifier', 'score']
  /** Names of the outputs, in their order. */
  readonly labels: readonly string[]
  readonly problemType: ProblemType
  /** Whether the problem is known, or taken from the number of outputs. */
  readonly stated: boolean

  constructor({
    labels,
    problemType,
    stated = true,
    temperature = 1,
  }: Pick<HeadLabels, 'labels' | 'problemType'> & Partial<HeadLabels>) {
    super()
    this.labels = [...labels]
    this.problemType = problemType
    this.stated = stated
    this.temperature = temperature
  }

  /** Reads the labels and the problem type of a `config.json`, over which options have the last word. */
  static read(reader: ConfigReader, options: LabelOptions = {}): SequenceClassification {
    return new SequenceClassification(chooseLabels(reader, options))
  }

  get width(): number {
    return this.labels.length
  }

  /** How labels of examples become numbers for this head. */
  get labelSet(): LabelSet {
    return LabelSet.of(this.labels, this.problemType)
  }

  requireLabels(labels: LabelSet): void {
    this.labelSet.requireSame(labels)
  }

  /** The head that the family puts on its encoder for this task, in the layout of its checkpoints. */
  head(family: Family, config: EncoderConfig, options: TensorOptions): Head {
    const layout = family.heads(config).sequence
    return new ClassificationHead(layout.pooling ?? 'first', layout, { width: this.width, ...options })
  }

  override withLabels({
    labels,
    numLabels = this.width,
    problemType,
    temperature = this.temperature,
  }: HeadSaid): SequenceClassification {
    if (!labels && !problemType && numLabels === this.width) return this.#at(temperature)
    const names = [...(labels ?? placeholders(numLabels))]
    return new SequenceClassification({
      labels: names,
      problemType: problemType ?? byCount(names),
      stated: problemType !== undefined,
      temperature,
    })
  }

  #at(temperature: number): SequenceClassification {
    if (temperature === this.temperature) return this
    const { problemType, stated } = this
    return new SequenceClassification({ labels: [...this.labels], problemType, stated, temperature })
  }

  toConfig(): Record<string, unknown> {
    return {
      id2label: Object.fromEntries(this.labels.map((label, i) => [String(i), label])),
      label2id: Object.fromEntries(this.labels.map((label, i) => [label, i])),
      // What nobody has said stays unsaid: transformers makes a probability of one output then.
      ...(this.stated || this.width > 1 ? { problem_type: this.problemType } : {}),
      // Undefined takes the place of what the file had before the model was trained again.
      [temperatureField]: this.temperature === 1 ? undefined : this.temperature,
    }
  }

  toMetadata(): Record<string, string> {
    const { stated, problemType, temperature } = this
    return {
      labels: JSON.stringify(this.labels),
      ...(stated && { problem_type: problemType }),
      ...(temperature !== 1 && { [temperatureField]: String(temperature) }),
    }
  }

  /**
   * What the outputs of one text say: a probability a label, or the score. As transformers' pipeline has it, one output
   * of which nobody says that it is a score is a probability. Probabilities are of the outputs over the temperature.
   */
  scores(logits: ArrayLike<number>, temperature = this.temperature): number[] {
    if (this.problemType === 'regression' && this.stated) return Array.from(logits)
    const cooled = temperature === 1 ? logits : Array.from(logits, (logit) => logit / temperature)
    return this.problemType === 'single_label_classification' ? softmax(cooled) : sigmoid(cooled)
  }

  /**
   * Fits the temperature to labelled outputs and sets it (Guo et al., 2017); of a score there is none to fit.
   * @param outputs of each example: its logits
   */
  calibrate(outputs: readonly Float32Array[], labels: EncodedLabels): Temperature {
    this.temperature =
      fitTemperature(outputs, labels.values, {
        multiLabel: this.problemType === 'multi_label_classification',
      }) ?? 1
    return this.#calibration(outputs, labels.values)
  }

  /** What the temperature is good for. */
  #calibration(outputs: readonly Float32Array[], values: EncodedLabels['values']): Temperature {
    const { temperature } = this
    const error = (at: number) => {
      const scored = this.#scored(outputs, values, at)
      return classMetrics(this.width, scored).ece!(scored)
    }
    return { temperature, ece: { before: error(1), after: error(temperature) } }
  }

  async encode(
    examples: readonly Example[],
    tokenizer: Tokenizer,
    { maxLength }: EncodeOptions,
  ): Promise<EncodedExamples<EncodedLabels>> {
    const labels = this.labelSet.encode(examples)
    const encodings = await tokenizer.encodeBatch(
      examples.map(({ text, textPair }) => (textPair === undefined ? text : ([text, textPair] as const))),
      { maxLength },
    )
    return { encodings, labels }
  }

  /**
   * `labels`: int64 [B] (single label; -100 for padding), floating-point [B, labels] (multi-label) or [B] (regression);
   * `weights`: [B], 1 for an example and 0 for padding, null where all count.
   */
  collate(
    { values, shape }: EncodedLabels,
    indices: ArrayLike<number>,
    { device, dtype, lengths }: CollateOptions,
  ): Targets {
    const rows = lengths.length
    const width = shape.length === 2 ? shape[1]! : 1
    const classes = this.problemType === 'single_label_classification'
    const numbers: number[] = new Array(rows * width).fill(classes ? ignored : 0)
    for (let i = 0; i < indices.length; i++)
      for (let j = 0; j < width; j++) numbers[i * width + j] = values[indices[i]! * width + j]!
    if (classes) checkClasses(numbers, this.width)
    const labels = Tensor.from(numbers, {
      dtype: classes ? 'int64' : dtype,
      shape: shape.length === 2 ? [rows, width] : [rows],
      device,
    })
    if (classes || rows === indices.length) return { labels, weights: null }
    const weights = new Float32Array(rows).fill(1, 0, indices.length)
    return { labels, weights: Tensor.from([...weights], { dtype, device }) }
  }

  /** Cross-entropy, binary cross-entropy, or squared error, by the problem; targets as `collate` makes them. */
  loss(logits: Tensor, { labels, weights = null }: Targets): Tensor {
    if (this.problemType === 'single_label_classification') return ops.crossEntropyLoss(logits, labels!)
    const reduction = weights ? 'none' : 'mean'
    const target = labels!
    if (this.problemType === 'multi_label_classification') {
      const losses = ops.binaryCrossEntropyWithLogits(logits, target, { reduction }) // [B, labels] or []
      return weights ? weighted(ops.mean(losses, [1]), weights) : losses
    }
    const losses = ops.mseLoss(ops.view(logits, [-1]), target, { reduction }) // [B] or []
    return weights ? weighted(losses, weights) : losses
  }

  override requireLoss({ classWeights, labelSmoothing }: LossOptions): void {
    const refuse = (problem: string) => {
      throw new TorchLoraError('INVALID_ARGUMENT', problem)
    }
    if (this.problemType === 'regression' && (classWeights !== undefined || labelSmoothing))
      refuse('classWeights and labelSmoothing: a score has no classes; leave them away.')
    if (this.problemType === 'multi_label_classification' && labelSmoothing)
      refuse('labelSmoothing: with several labels every decision stands alone; leave it away.')
    if (classWeights === undefined || classWeights === 'balanced') return
    for (const [name, weight] of Object.entries(classWeights)) {
      if (!this.labels.includes(name))
        refuse(
          `classWeights: there is no class ${JSON.stringify(name)}; there are ${this.labelSet.describe()}.`,
        )
      if (!(weight >= 0) || !Number.isFinite(weight))
        refuse(`classWeights: ${JSON.stringify(name)} is ${weight}; expected a number of at least 0.`)
    }
  }

  /**
   * Cross-entropy with weights and smoothing as PyTorch's `CrossEntropyLoss` has them, scikit-learn's 'balanced'
   * weights; of several labels `BCEWithLogitsLoss`, where 'balanced' is a `pos_weight` of negatives over positives.
   */
  override trainingLoss(
    options: LossOptions,
    encoded: EncodedLabels,
    place: TensorOptions,
  ): LossFunction & Disposable {
    const { classWeights, labelSmoothing = 0 } = options
    if (classWeights === undefined && labelSmoothing === 0) return super.trainingLoss(options, encoded, place)
    const balanced = classWeights === 'balanced'
    const multiLabel = this.problemType === 'multi_label_classification'
    const numbers = balanced
      ? balancedWeights(encoded.values, this.width, { multiLabel })
      : this.labels.map((name) => classWeights?.[name] ?? 1)
    const weight = Tensor.from(numbers, place) // [labels]
    const loss = (logits: Tensor, { labels, weights = null }: Targets): Tensor => {
      if (!multiLabel) return ops.crossEntropyLoss(logits, labels!, { weight, labelSmoothing })
      const options = { ...(balanced ? { posWeight: weight } : { weight }), reduction: 'none' as const }
      const losses = ops.mean(ops.binaryCrossEntropyWithLogits(logits, labels!, options), [1]) // [B]
      return weights ? weighted(losses, weights) : ops.mean(losses)
    }
    return Object.assign(loss, { [Symbol.dispose]: () => weight.dispose() })
  }

  override progress(outputs: readonly Float32Array[], { values }: EncodedLabels): Progress {
    if (this.problemType === 'regression' || outputs.length < 2) return 'better'
    const multiLabel = this.problemType === 'multi_label_classification'
    const answers = outputs.map((row) =>
      multiLabel ? Array.from(row, (x) => (x > 0 ? 1 : 0)) : [argmax(row)],
    )
    if (answers.every((answer) => answer.join() === answers[0]!.join())) return 'constant'
    if (multiLabel) return 'better'
    const counts = new Array<number>(this.width).fill(0)
    let right = 0
    for (const [i, [answer]] of answers.entries()) {
      counts[values[i]!]!++
      if (answer === values[i]) right++
    }
    const n = answers.length
    const common = Math.max(...counts)
    return right <= common + 2 * Math.sqrt((common * (n - common)) / n) ? 'chance' : 'better'
  }

  get defaultMetrics(): readonly string[] {
    return defaultMetrics[this.problemType]
  }

  get metricNames(): readonly string[] {
    return Object.keys(
      this.problemType === 'regression'
        ? regressionMetrics
        : classMetrics(this.width, { multiLabel: this.problemType === 'multi_label_classification' }),
    )
  }

  score(outputs: readonly Float32Array[], { values }: EncodedLabels, metrics: readonly string[]): Metrics {
    this.requireMetrics(metrics)
    if (this.problemType === 'regression') {
      const scores = outputs.map((row) => row[0]!)
      const loss = regressionMetrics.mse!(scores, values)
      return {
        loss,
        ...Object.fromEntries(metrics.map((name) => [name, regressionMetrics[name]!(scores, values)])),
      }
    }
    const scored = this.#scored(outputs, values)
    const own = classMetrics(this.width, scored)
    return {
      loss: this.#loss(outputs, values),
      ...Object.fromEntries(metrics.map((name) => [name, own[name]!(scored)])),
    }
  }

  override details(outputs: readonly Float32Array[], { values }: EncodedLabels): ScoreDetails | null {
    if (this.problemType === 'regression') return null
    const scored = this.#scored(outputs, values)
    const { probabilities, predictions, multiLabel, names } = scored
    const said = (ids: ArrayLike<number>, i: number) =>
      multiLabel ? names.filter((_, c) => ids[i * names.length + c] === 1).join('|') : names[ids[i]!]!
    return {
      ...classDetails(scored),
      ...(this.temperature !== 1 && { calibrated: this.#calibration(outputs, values) }),
      answers: probabilities.map((row, i) => {
        const label = said(values, i)
        const predicted = said(predictions, i)
        // Of several labels a row is as sure as all of its decisions are.
        const confidence = multiLabel
          ? row.reduce((product, p) => product * Math.max(p, 1 - p), 1)
          : row[predictions[i]!]!
        return { right: label === predicted, label, predicted, confidence }
      }),
      intervals: (metrics) => classIntervals(scored, metrics),
    }
  }

  #scored(
    outputs: readonly Float32Array[],
    values: EncodedLabels['values'],
    temperature = this.temperature,
  ): ClassScoresInput {
    const multiLabel = this.problemType === 'multi_label_classification'
    return {
      names: this.labels,
      multiLabel,
      probabilities: outputs.map((row) => this.scores(row, temperature)),
      predictions: multiLabel
        ? outputs.flatMap((row) => Array.from(row, (x) => (x > 0 ? 1 : 0)))
        : outputs.map(argmax),
      labels: values,
    }
  }

  /** Mean cross-entropy, or mean binary cross-entropy of every decision: as `loss` forms it. */
  #loss(outputs: readonly Float32Array[], values: EncodedLabels['values']): number {
    if (this.problemType === 'single_label_classification')
      return mean(outputs.map((row, i) => logSumExp(row) - row[values[i]!]!))
    // -log sigmoid(x) for 1 and -log sigmoid(-x) for 0, without overflow
    const logits = outputs.flatMap((row) => [...row])
    return mean(logits.map((x, i) => Math.max(x, 0) - x * values[i]! + Math.log1p(Math.exp(-Math.abs(x)))))
  }

  digest({ values }: EncodedLabels, hash: Hash): void {
    hash.update(values)
  }
}

/** sum(w l) / sum(w): [B], [B] -> [] */
function weighted(losses: Tensor, weights: Tensor): Tensor {
  return ops.div(ops.sum(ops.mul(losses, weights)), ops.sum(weights))
}

/** n / (C count) of each class (scikit-learn's 'balanced'); of several labels negatives over positives. */
function balancedWeights(
  values: ArrayLike<number>,
  width: number,
  { multiLabel }: { multiLabel: boolean },
): number[] {
  const counts = new Array<number>(width).fill(0)
  for (let i = 0; i < values.length; i++) {
    if (!multiLabel) counts[values[i]!]!++
    else counts[i % width]! += values[i]!
  }
  const rows = values.length / (multiLabel ? width : 1)
  return counts.map((count) => {
    // What does not occur counts for nothing, whatever its weight; of what always holds there would be nothing to learn.
    if (count === 0 || (multiLabel && count === rows)) return 1
    return multiLabel ? (rows - count) / count : rows / (width * count)
  })
}
