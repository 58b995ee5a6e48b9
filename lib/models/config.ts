import { TorchLoraError } from '../errors.ts'

export const problemTypes = [
  'single_label_classification',
  'multi_label_classification',
  'regression',
] as const

/** What the classification head is trained for; decides loss and prediction. Names as in transformers. */
export type ProblemType = (typeof problemTypes)[number]

/** The fields that every classifier has, read from `config.json`. */
export interface ClassifierConfig {
  modelType: string
  vocabSize: number
  hiddenSize: number
  numHiddenLayers: number
  numAttentionHeads: number
  intermediateSize: number
  hiddenAct: Activation
  hiddenDropoutProb: number
  attentionProbsDropoutProb: number
  /** Of the head; null means hiddenDropoutProb. */
  classifierDropout: number | null
  maxPositionEmbeddings: number
  typeVocabSize: number
  layerNormEps: number
  initializerRange: number
  padTokenId: number
  /** Label names in the order of the logits. */
  labels: string[]
  problemType: ProblemType
  /** The file as it was read: what this library does not use is written back unchanged. */
  raw: Readonly<Record<string, unknown>>
}

export type Activation = 'gelu' | 'gelu_new' | 'relu' | 'silu' | 'tanh'

/** What a caller may decide over `config.json`. */
export interface LabelOptions {
  /** Label names, in the order of the logits. */
  labels?: readonly string[]
  /** The number of labels, when they need no names. */
  numLabels?: number
  problemType?: ProblemType
}

/** What a checkpoint can hold: no size that its `config.json` claims is believed beyond it. */
export interface ConfigBounds {
  /** The largest dimension of its tensors. */
  dimension: number
  /** How many tensors it has. */
  tensors: number
}

const unbounded: ConfigBounds = { dimension: 2 ** 31 - 1, tensors: 2 ** 31 - 1 }

/** Labels that need no evidence in the checkpoint: a fresh head of them costs next to nothing. */
const fewLabels = 1024

/** Reads single fields of a `config.json`, with an error that names the file and the field. */
export class ConfigReader {
  constructor(
    readonly raw: Readonly<Record<string, unknown>>,
    readonly file: string,
    readonly bounds: ConfigBounds = unbounded,
  ) {}

  number(name: string, fallback?: number): number {
    const value = this.raw[name] ?? fallback
    if (typeof value === 'number' && Number.isFinite(value)) return value
    throw this.wrong(name, 'a number', value)
  }

  /** A whole number from `least` to 2^31 - 1. */
  count(name: string, { fallback, least = 1 }: { fallback?: number; least?: number } = {}): number {
    const value = this.number(name, fallback)
    if (Number.isInteger(value) && value >= least && value < 2 ** 31) return value
    throw this.wrong(name, `a whole number of at least ${least}`, value)
  }

  /** A dimension of the checkpoint's tensors: a whole number of at least 1, and no larger than they have. */
  size(name: string, fallback?: number): number {
    const value = this.count(name, { fallback })
    if (value <= this.bounds.dimension) return value
    throw this.wrong(name, `at most ${this.bounds.dimension}, the largest dimension in the checkpoint`, value)
  }

  /** A number of layers: at least 1, and no more than the checkpoint has tensors. */
  layers(name: string, fallback?: number): number {
    const value = this.count(name, { fallback })
    if (value <= this.bounds.tensors) return value
    throw this.wrong(name, `at most ${this.bounds.tensors}, the number of tensors in the checkpoint`, value)
  }

  /** A number from 0 to 1. */
  probability(name: string, fallback: number): number {
    const value = this.number(name, fallback)
    if (value >= 0 && value <= 1) return value
    throw this.wrong(name, 'a probability', value)
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.raw[name] ?? fallback
    if (typeof value === 'boolean') return value
    throw this.wrong(name, 'true or false', value)
  }

  optionalProbability(name: string): number | null {
    return this.raw[name] === undefined || this.raw[name] === null ? null : this.probability(name, 0)
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.raw[name] ?? fallback
    if (choices.includes(value as T)) return value as T
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${this.file}: ${name} is ${show(value)}; supported: ${choices.join(', ')}.`,
      { file: this.file },
    )
  }

  /** Refuses a field whose value changes the model in a way this library does not follow. */
  only(name: string, allowed: readonly unknown[]): void {
    const value = this.raw[name]
    if (value === undefined || value === null || allowed.includes(value)) return
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${this.file}: ${name} is ${show(value)}; supported: ${allowed.map((one) => JSON.stringify(one)).join(', ')}.`,
      { file: this.file },
    )
  }

  wrong(name: string, expected: string, value: unknown): TorchLoraError {
    return new TorchLoraError(
      'INVALID_FILE',
      `${this.file}: ${name} must be ${expected}, received ${show(value)}.`,
      { file: this.file },
    )
  }
}

/** A value of a file, cut to a length that a message can hold. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

/** The fields common to BERT, RoBERTa and DeBERTa; defaults are transformers'. */
export function readClassifierConfig(reader: ConfigReader, options: LabelOptions): ClassifierConfig {
  const labels = readLabels(reader, options)
  const hiddenSize = reader.size('hidden_size', 768)
  const numAttentionHeads = reader.size('num_attention_heads', 12)
  if (hiddenSize % numAttentionHeads !== 0) {
    throw reader.wrong('hidden_size', `a multiple of num_attention_heads (${numAttentionHeads})`, hiddenSize)
  }
  return {
    modelType: String(reader.raw.model_type),
    vocabSize: reader.size('vocab_size'),
    hiddenSize,
    numHiddenLayers: reader.layers('num_hidden_layers', 12),
    numAttentionHeads,
    intermediateSize: reader.size('intermediate_size', 3072),
    hiddenAct: reader.choice('hidden_act', ['gelu', 'gelu_new', 'relu', 'silu', 'tanh'], 'gelu'),
    hiddenDropoutProb: reader.probability('hidden_dropout_prob', 0.1),
    attentionProbsDropoutProb: reader.probability('attention_probs_dropout_prob', 0.1),
    classifierDropout: reader.optionalProbability('classifier_dropout'),
    maxPositionEmbeddings: readPositions(reader),
    typeVocabSize: reader.raw.type_vocab_size === 0 ? 0 : reader.size('type_vocab_size', 2),
    layerNormEps: reader.number('layer_norm_eps', 1e-12),
    initializerRange: reader.number('initializer_range', 0.02),
    padTokenId: reader.count('pad_token_id', { fallback: 0, least: 0 }),
    labels,
    problemType: readProblemType(reader, options, labels),
    raw: reader.raw,
  }
}

/** Rows of the table of positions; DeBERTa may go without one, and then any number is only a limit. */
function readPositions(reader: ConfigReader): number {
  const name = 'max_position_embeddings'
  return reader.raw.position_biased_input === false
    ? reader.count(name, { fallback: 512 })
    : reader.size(name, 512)
}

function readLabels(reader: ConfigReader, { labels, numLabels }: LabelOptions): string[] {
  if (labels) {
    if (labels.length === 0 || new Set(labels).size !== labels.length) {
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `labels must be distinct and at least one, received [${labels.join(', ')}].`,
      )
    }
    if (numLabels !== undefined && numLabels !== labels.length) {
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `numLabels is ${numLabels}, but ${labels.length} labels are named.`,
      )
    }
    return [...labels]
  }
  const named = readNames(reader)
  const count = numLabels ?? named?.length ?? readCount(reader)
  if (named?.length === count) return named
  return Array.from({ length: count }, (_, i) => `LABEL_${i}`)
}

/** `id2label`, a name for each of 0, 1, ...; a name may be a number, as transformers allows. Null where it says none. */
function readNames(reader: ConfigReader): string[] | null {
  const { id2label } = reader.raw
  if (id2label === undefined || id2label === null) return null
  const isMap = typeof id2label === 'object' && !Array.isArray(id2label)
  const names = isMap ? id2label : {}
  const labels = Object.keys(names).map((_, i) =>
    Object.hasOwn(names, String(i)) ? (names as Record<string, unknown>)[String(i)] : undefined,
  )
  if (labels.length === 0 || !labels.every((label) => typeof label === 'string' || typeof label === 'number'))
    throw reader.wrong('id2label', 'a name for each of 0, 1, ...', id2label)
  return labels.map(String)
}

/** `num_labels`, transformers' default where it is not said. */
function readCount(reader: ConfigReader): number {
  const count = reader.count('num_labels', { fallback: 2 })
  const most = Math.max(fewLabels, reader.bounds.dimension)
  if (count <= most) return count
  throw reader.wrong('num_labels', `at most ${most} for this checkpoint; id2label may name more`, count)
}

function readProblemType(reader: ConfigReader, options: LabelOptions, labels: string[]): ProblemType {
  if (options.problemType) return options.problemType
  const byCount = labels.length === 1 ? 'regression' : 'single_label_classification'
  // Other labels are another problem: what the file says of it no longer holds.
  if (options.labels || options.numLabels) return byCount
  return reader.choice<ProblemType>('problem_type', problemTypes, byCount)
}

/** `config.json` to write: the one that was read, with the labels and the problem of this model. */
export function writeConfig(config: ClassifierConfig, architecture: string): Record<string, unknown> {
  return {
    ...config.raw,
    architectures: [architecture],
    id2label: Object.fromEntries(config.labels.map((label, i) => [String(i), label])),
    label2id: Object.fromEntries(config.labels.map((label, i) => [label, i])),
    problem_type: config.problemType,
  }
}
