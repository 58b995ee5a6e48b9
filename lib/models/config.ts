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

/** Reads single fields of a `config.json`, with an error that names the file and the field. */
export class ConfigReader {
  constructor(
    readonly raw: Readonly<Record<string, unknown>>,
    readonly file: string,
  ) {}

  number(name: string, fallback?: number): number {
    const value = this.raw[name] ?? fallback
    if (typeof value === 'number' && Number.isFinite(value)) return value
    throw this.wrong(name, 'a number', value)
  }

  /** A whole number of at least 1. */
  size(name: string, fallback?: number): number {
    const value = this.number(name, fallback)
    if (!Number.isInteger(value) || value < 1) throw this.wrong(name, 'a whole number of at least 1', value)
    return value
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.raw[name] ?? fallback
    if (typeof value === 'boolean') return value
    throw this.wrong(name, 'true or false', value)
  }

  optionalNumber(name: string): number | null {
    return this.raw[name] === undefined || this.raw[name] === null ? null : this.number(name)
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.raw[name] ?? fallback
    if (choices.includes(value as T)) return value as T
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${this.file}: ${name} is ${JSON.stringify(value)}; supported: ${choices.join(', ')}.`,
      { file: this.file },
    )
  }

  /** Refuses a field whose value changes the model in a way this library does not follow. */
  only(name: string, allowed: readonly unknown[]): void {
    const value = this.raw[name]
    if (value === undefined || value === null || allowed.includes(value)) return
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${this.file}: ${name} is ${JSON.stringify(value)}; supported: ${allowed.map((one) => JSON.stringify(one)).join(', ')}.`,
      { file: this.file },
    )
  }

  wrong(name: string, expected: string, value: unknown): TorchLoraError {
    return new TorchLoraError(
      'INVALID_FILE',
      `${this.file}: ${name} must be ${expected}, received ${JSON.stringify(value)}.`,
      { file: this.file },
    )
  }
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
    numHiddenLayers: reader.size('num_hidden_layers', 12),
    numAttentionHeads,
    intermediateSize: reader.size('intermediate_size', 3072),
    hiddenAct: reader.choice('hidden_act', ['gelu', 'gelu_new', 'relu', 'silu', 'tanh'], 'gelu'),
    hiddenDropoutProb: reader.number('hidden_dropout_prob', 0.1),
    attentionProbsDropoutProb: reader.number('attention_probs_dropout_prob', 0.1),
    classifierDropout: reader.optionalNumber('classifier_dropout'),
    maxPositionEmbeddings: reader.size('max_position_embeddings', 512),
    typeVocabSize: reader.number('type_vocab_size', 2),
    layerNormEps: reader.number('layer_norm_eps', 1e-12),
    initializerRange: reader.number('initializer_range', 0.02),
    padTokenId: reader.number('pad_token_id', 0),
    labels,
    problemType: readProblemType(reader, options, labels),
    raw: reader.raw,
  }
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
  const id2label = reader.raw.id2label as Record<string, string> | undefined
  const named = id2label ? Object.keys(id2label).map((_, i) => id2label[String(i)]) : undefined
  if (named?.some((label) => typeof label !== 'string')) {
    throw reader.wrong('id2label', 'a name for each of 0, 1, ...', id2label)
  }
  const count = numLabels ?? named?.length ?? (reader.raw.num_labels as number | undefined) ?? 2
  if (named?.length === count) return named as string[]
  return Array.from({ length: count }, (_, i) => `LABEL_${i}`)
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
