import type { Hash } from 'node:crypto'
import type { TensorEntry, TensorSource } from '../checkpoint/index.ts'
import type { Interval } from '../data/bootstrap.ts'
import type { LabelSet } from '../data/labels.ts'
import type { ConfigReader, EncoderConfig } from '../encoders/config.ts'
import type { Family } from '../encoders/family.ts'
import { TorchLoraError } from '../errors.ts'
import type { Head } from '../heads/head.ts'
import type { FileRequest } from '../hub/index.ts'
import type { Rule } from '../options.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import type { Encoding, Tokenizer } from '../tokenizer/index.ts'
import type { ClassDetails } from './class-scores.ts'
import type { HeadSaid } from './label-config.ts'

/** `loss` and the metrics asked for, by name. */
export type Metrics = Record<string, number>

/** What an evaluation says beside its metrics. */
export interface ScoreDetails extends ClassDetails {
  /** What the temperature is good for, where there is one. */
  calibrated?: { temperature: number; ece: { before: number; after: number } } | undefined
  /** Of each example in order: what was answered, and how surely. */
  answers: { right: boolean; label: string; predicted: string; confidence: number }[]
  /** 95 % bootstrap intervals of the metrics asked for. */
  intervals(metrics: readonly string[]): Record<string, Interval>
}

/**
 * What a batch's outputs are compared with: the tensors that a task's loss reads, by name. `rows`, int32 [R], says of
 * which tokens alone there are outputs.
 */
export type Targets = Readonly<Record<string, Tensor | null>>

/** How far a model has come from a guess. */
export type Progress = 'constant' | 'chance' | 'better'

/** What a run may ask of a task's loss. */
export interface LossOptions {
  classWeights?: 'balanced' | Readonly<Record<string, number>> | undefined
  labelSmoothing?: number | undefined
}

/** The mean loss over a batch, 0-dimensional, of outputs [rows, width] and targets by name. */
export type LossFunction = (outputs: Tensor, targets: Targets) => Tensor

/** Examples as a model reads them, with what they should give. */
export interface EncodedExamples<Labels = unknown> {
  encodings: readonly Encoding[]
  /** The encodings of which an example is made, in order; where this is missing, each is one. */
  groups?: readonly (readonly number[])[]
  labels: Labels
}

/** What a model reads of a text. */
export type Sequence = Pick<Encoding, 'ids' | 'typeIds'>

/** A text that a model in use reads, and what of its outputs is wanted. */
export interface ModelInput extends Sequence {
  /** For a head that reads every token: those whose outputs are wanted. Default: all. Texts of a batch agree. */
  rows?: readonly number[] | undefined
  /** The encoder's hidden states are wanted, a row a token, not the head's outputs. Texts of a batch agree. */
  hidden?: boolean | undefined
}

/** How a task reads its examples. */
export interface EncodeOptions {
  /** Tokens of a text at most, special tokens included. */
  maxLength: number
}

/** What targets are made for. */
export interface CollateOptions {
  /** Where the tensors go. */
  device: string
  /** Of the outputs, and so of what they are compared with: libtorch 2.11 has no loss between two types. */
  dtype: 'float32' | 'float64'
  /** Tokens of each sequence of the batch, in their order; padding sequences behind the examples' included. */
  lengths: readonly number[]
  /** Of what is drawn for a batch: the same as for `sequences`. Default 0. */
  seed?: number
  /** Outputs of the head, `model.head.width`, where the task does not know their number: a label beyond is refused. */
  classes?: number
}

/**
 * What a model is for: all that its outputs mean. It builds the head, turns labels of examples into targets, forms the
 * loss, measures, and says in config.json and in an adapter's file what they are. Nothing else asks what kind of
 * problem a model solves.
 *
 * `Labels` is how it holds the labels of many examples, `Sample` what an example is.
 */
// biome-ignore lint/suspicious/noExplicitAny: whoever holds a task of any kind hands on examples that it does not look at.
export abstract class Task<Labels = unknown, Sample = any> {
  /** Its name on the command line: "sequence-classification". */
  abstract readonly name: string
  /** How transformers ends its class names: "ForSequenceClassification". */
  abstract readonly architecture: string
  /** PEFT's `task_type`; null where it has none. */
  abstract readonly peftType: string | null
  /** What the hub calls what such a model does: "text-classification". Default: its name. */
  readonly pipeline?: string | undefined
  /** The modules that PEFT trains and saves in full for this task. */
  abstract readonly savedModules: readonly string[]
  /** Outputs a row that its labels make; 0 where they do not. */
  abstract readonly width: number
  /** The names of the outputs, in their order; empty where they have none. */
  abstract readonly labels: readonly string[]
  /** What outputs are divided by before they become probabilities, where `calibrate` has fitted it; training forgets it. */
  temperature = 1

  /**
   * Checks that labels somebody holds for this task's are its own, one by one; they are never applied over it.
   * @throws TorchLoraError INCOMPATIBLE
   */
  abstract requireLabels(labels: LabelSet): void

  /** The head that the family puts on its encoder for this task, in the layout of its checkpoints. */
  abstract head(family: Family, config: EncoderConfig, options: TensorOptions): Head

  /** This task with another head, of which an adapter's file says so much; the same where labels mean nothing to it. */
  withLabels(_said: HeadSaid): Task<Labels, Sample> {
    return this
  }

  /** The task as a model in use computes it, before what each call may ask for; itself where calls ask for nothing. */
  served(): Task<Labels, Sample> {
    return this
  }

  /** What config.json says of this task. */
  abstract toConfig(): Record<string, unknown>

  /** Writes what a model's folder has beside config.json and the weights. @param weights of the head's modules, by name */
  async writeFolder(
    _directory: string,
    _head: { hiddenSize: number; weights: ReadonlyMap<string, TensorSource[]> },
  ): Promise<void> {}

  /** What an adapter's file says of it, for which PEFT's configuration has no place. */
  abstract toMetadata(): Record<string, string>

  /**
   * Texts and labels of examples as numbers.
   * @throws TorchLoraError INCOMPATIBLE for labels that do not fit, naming file and line
   */
  abstract encode(
    examples: readonly Sample[],
    tokenizer: Tokenizer,
    options: EncodeOptions,
  ): Promise<EncodedExamples<Labels>>

  /**
   * What is read of the examples `indices`: their encodings, one behind the other. A task whose texts change from epoch
   * to epoch draws them here, from the seed alone.
   */
  sequences(
    { encodings, groups }: EncodedExamples<Labels>,
    indices: ArrayLike<number>,
    _seed: number,
  ): readonly Sequence[] {
    const own = groups ? Array.from(indices, (i) => groups[i]!).flat() : Array.from(indices)
    return own.map((i) => encodings[i]!)
  }

  /**
   * Sequences a pass at most, where a batch is larger than what fits: outputs are then computed in parts, the loss of
   * all at once, and its gradient carried back part by part (GradCache, Gao et al., 2021). Undefined: all at once.
   */
  get chunk(): number | undefined {
    return undefined
  }

  /** Targets of the examples `indices`. Padding sequences behind them have no part in the loss. */
  abstract collate(labels: Labels, indices: ArrayLike<number>, options: CollateOptions): Targets

  /** The mean loss over a batch, 0-dimensional. @param outputs [rows, width] */
  abstract loss(outputs: Tensor, targets: Targets): Tensor

  /**
   * Checks what a run asks of the loss.
   * @throws TorchLoraError INVALID_ARGUMENT for what this task's loss does not take, or for classes that are not there
   */
  requireLoss({ classWeights, labelSmoothing }: LossOptions): void {
    if (classWeights !== undefined || labelSmoothing)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `classWeights and labelSmoothing: ${this.name} takes neither; leave them away.`,
      )
  }

  /** The loss of a run that asks for more than `loss`; its tensors are freed with it. */
  trainingLoss(_options: LossOptions, _labels: Labels, _place: TensorOptions): LossFunction & Disposable {
    return Object.assign((outputs: Tensor, targets: Targets) => this.loss(outputs, targets), {
      [Symbol.dispose]() {},
    })
  }

  /**
   * How far a model has come: 'constant' where all answers are one, 'chance' where they are right hardly more often than
   * the commonest label would be, else 'better'.
   */
  progress(_outputs: readonly Float32Array[], _labels: Labels): Progress {
    return 'better'
  }

  /** What is measured when nothing is asked for; the first chooses the best model. */
  abstract readonly defaultMetrics: readonly string[]
  /** What can be measured, by the names that messages list. */
  abstract readonly metricNames: readonly string[]

  /** Whether it can be measured: what `metricNames` has, and what a task has of a form, as "recall@k". */
  canMeasure(name: string): boolean {
    return this.metricNames.includes(name)
  }

  /**
   * Mean loss and metrics.
   * @param outputs of each example: rows times width, row-major
   */
  abstract score(outputs: readonly Float32Array[], labels: Labels, metrics: readonly string[]): Metrics

  /**
   * For outputs too large to keep of every example: numbers of a batch, [k], that add up over batches to what
   * `scoreSums` reads. Recorded with the forward pass. Null for a task that scores outputs.
   */
  sums(_outputs: Tensor, _targets: Targets): Tensor | null {
    return null
  }

  /** Mean loss and metrics of what `sums` added up to. */
  scoreSums(_sums: Float64Array, _metrics: readonly string[]): Metrics {
    return {}
  }

  /** Whether `sums` is what measures. */
  readonly addsUp: boolean = false

  /** What there is to say of outputs beside single numbers; null for a task that has no more. */
  details(_outputs: readonly Float32Array[], _labels: Labels): ScoreDetails | null {
    return null
  }

  /** @throws TorchLoraError INVALID_ARGUMENT for metrics that this task has not, listing those that it has */
  requireMetrics(names: readonly string[]): void {
    const unknown = names.filter((name) => !this.canMeasure(name))
    if (unknown.length > 0)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `metrics: ${this.name} has no ${unknown.map((name) => JSON.stringify(name)).join(', ')}; it has ${this.metricNames.join(', ')}.`,
      )
  }

  /**
   * What is measured of examples: the metrics asked for, else the default ones.
   * @throws TorchLoraError INVALID_ARGUMENT for metrics that this task has not, or that labels such as theirs do not give
   */
  chooseMetrics(_examples: readonly Sample[], asked?: readonly string[]): readonly string[] {
    const names = asked ?? this.defaultMetrics
    this.requireMetrics(names)
    return names
  }

  /** Says whether two sets of labels are one. */
  abstract digest(labels: Labels, hash: Hash): void
}

/** What an example of a task is. */
export type SampleOf<T extends Task> = T extends Task<infer _, infer Sample> ? Sample : never

/** What a folder says of a task: it is read before the model is made. */
export interface TaskFolder {
  /** The folder that config.json and the encoder's weights are in. */
  encoder: string
  /** What the task is made with, as the option of this name. */
  layout: object
  /** Weights of the head that lie beside the encoder's, by the model's names. */
  entries: ReadonlyMap<string, TensorEntry>
}

/** How a task comes to be: from a model's configuration, and from what a caller decides over it. */
export interface TaskKind<T extends Task = Task, Options = unknown> {
  /** Its name on the command line: "sequence-classification". */
  readonly taskName: string
  /** How transformers ends its class names. */
  readonly architecture: string
  /** PEFT's `task_type`; null where it has none. */
  readonly peftType: string | null
  /** Options of its own, which it checks itself. */
  readonly rules?: Readonly<Record<string, Rule>>
  /** Files that its models have beside a plain one's. */
  readonly files?: readonly FileRequest[]
  /**
   * What a model's folder says of it beyond config.json; null for nothing.
   * @throws TorchLoraError INVALID_FILE, UNSUPPORTED
   */
  readFolder?(directory: string): Promise<TaskFolder | null>
  /**
   * Reads `config.json`.
   * @throws TorchLoraError INVALID_FILE, INVALID_ARGUMENT
   */
  read(reader: ConfigReader, options: Options): T
}
