import { TorchLoraError } from '../errors.ts'
import type { LanguageLayout } from '../heads/language.ts'
import { type Activation, activationNames } from '../nn/activation.ts'

/** The fields that every encoder has, read from `config.json`. */
export interface EncoderConfig {
  modelType: string
  vocabSize: number
  hiddenSize: number
  numHiddenLayers: number
  numAttentionHeads: number
  intermediateSize: number
  hiddenAct: Activation
  hiddenDropoutProb: number
  attentionProbsDropoutProb: number
  /** Of a classification head; null means hiddenDropoutProb. */
  classifierDropout: number | null
  maxPositionEmbeddings: number
  typeVocabSize: number
  layerNormEps: number
  initializerRange: number
  padTokenId: number
  /** The file as it was read: what this library does not use is written back unchanged. */
  raw: Readonly<Record<string, unknown>>
}

/** What a checkpoint can hold: no size that its `config.json` claims is believed beyond it. */
export interface ConfigBounds {
  /** The largest dimension of its tensors. */
  dimension: number
  /** How many tensors it has. */
  tensors: number
  /** Outputs of the classifier in it; null where it has none. */
  outputs: number | null
}

const unbounded: ConfigBounds = { dimension: 2 ** 31 - 1, tensors: 2 ** 31 - 1, outputs: null }

/** Reads single fields of a `config.json`, with an error that names the file and the field. */
export class ConfigReader {
  constructor(
    readonly raw: Readonly<Record<string, unknown>>,
    readonly file: string,
    readonly bounds: ConfigBounds = unbounded,
  ) {}

  /** A number. @throws TorchLoraError INVALID_FILE, as all of these, for another value */
  number(name: string, fallback?: number): number {
    const value = this.raw[name] ?? fallback
    if (typeof value === 'number' && Number.isFinite(value)) return value
    throw this.wrong(name, 'a number', value)
  }

  /** A whole number from `least` to 2^31 - 1. */
  count(
    name: string,
    { fallback, least = 1 }: { fallback?: number | undefined; least?: number | undefined } = {},
  ): number {
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

  /** True or false. */
  boolean(name: string, fallback: boolean): boolean {
    const value = this.raw[name] ?? fallback
    if (typeof value === 'boolean') return value
    throw this.wrong(name, 'true or false', value)
  }

  /** A probability, or null. */
  optionalProbability(name: string): number | null {
    return this.raw[name] === undefined || this.raw[name] === null ? null : this.probability(name, 0)
  }

  /** One of `choices`. @throws TorchLoraError UNSUPPORTED for another */
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

  /** What is thrown for a value that is not what was expected. */
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

/**
 * The fields common to all families; defaults are transformers'.
 * @param options.numHiddenLayers where a checkpoint's tensors are no bound of it, since layers share them
 */
export function readEncoderConfig(
  reader: ConfigReader,
  { numHiddenLayers = reader.layers('num_hidden_layers', 12) }: { numHiddenLayers?: number | undefined } = {},
): EncoderConfig {
  const hiddenSize = reader.size('hidden_size', 768)
  const numAttentionHeads = reader.size('num_attention_heads', 12)
  if (hiddenSize % numAttentionHeads !== 0) {
    throw reader.wrong('hidden_size', `a multiple of num_attention_heads (${numAttentionHeads})`, hiddenSize)
  }
  return {
    modelType: String(reader.raw.model_type),
    vocabSize: reader.size('vocab_size'),
    hiddenSize,
    numHiddenLayers,
    numAttentionHeads,
    intermediateSize: reader.size('intermediate_size', 3072),
    hiddenAct: reader.choice('hidden_act', activationNames, 'gelu'),
    hiddenDropoutProb: reader.probability('hidden_dropout_prob', 0.1),
    attentionProbsDropoutProb: reader.probability('attention_probs_dropout_prob', 0.1),
    classifierDropout: reader.optionalProbability('classifier_dropout'),
    maxPositionEmbeddings: readPositions(reader),
    typeVocabSize: reader.raw.type_vocab_size === 0 ? 0 : reader.size('type_vocab_size', 2),
    layerNormEps: reader.number('layer_norm_eps', 1e-12),
    initializerRange: reader.number('initializer_range', 0.02),
    padTokenId: reader.count('pad_token_id', { fallback: 0, least: 0 }),
    raw: reader.raw,
  }
}

/** What a head for masked words has of the encoder, but for the names of its parts. */
export function languageLayout({
  hiddenSize,
  vocabSize,
  hiddenAct: act,
  layerNormEps,
  initializerRange: std,
}: EncoderConfig): Omit<LanguageLayout, 'dense' | 'norm' | 'bias'> {
  return { hiddenSize, embeddingSize: hiddenSize, vocabSize, act, layerNormEps, std }
}

/** RoBERTa's head for masked words, which MPNet has too. */
export function lmHeadLayout(config: EncoderConfig): LanguageLayout {
  return {
    ...languageLayout(config),
    act: 'gelu',
    dense: 'lm_head.dense',
    norm: 'lm_head.layer_norm',
    bias: 'lm_head',
  }
}

/** Rows of the table of positions; DeBERTa may go without one, and then any number is only a limit. */
function readPositions(reader: ConfigReader): number {
  const name = 'max_position_embeddings'
  return reader.raw.position_biased_input === false
    ? reader.count(name, { fallback: 512 })
    : reader.size(name, 512)
}
