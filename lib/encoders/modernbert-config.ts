import { TorchLoraError } from '../errors.ts'
import { type Activation, activationNames } from '../nn/activation.ts'
import type { ConfigReader, EncoderConfig } from './config.ts'

export interface ModernBertConfig extends EncoderConfig {
  /** Of each layer, whether its tokens see a window alone. */
  localLayers: readonly boolean[]
  /** How many tokens a token of a local layer sees on either side. */
  window: number
  /** Base of the rotary angles, by kind of layer. */
  theta: { global: number; local: number }
  attentionBias: boolean
  mlpBias: boolean
  normBias: boolean
  /** Whether the head for masked words ends with a bias. */
  decoderBias: boolean
  mlpDropout: number
  /** Standard deviation of fresh weights that end a branch. */
  outputStd: number
  head: { pooling: 'first' | 'mean'; act: Activation; bias: boolean }
}

/** Kinds of layer, by transformers' names. */
const layerTypes = ['full_attention', 'sliding_attention'] as const

/** What `rope_parameters` may say of a kind of layer. */
const ropeKeys = ['rope_type', 'rope_theta']

/** Reads a ModernBERT's `config.json`, of today's form or of the first; defaults are transformers'. */
export function readModernBertConfig(reader: ConfigReader): ModernBertConfig {
  const hiddenSize = reader.size('hidden_size', 768)
  const numAttentionHeads = reader.size('num_attention_heads', 12)
  if (hiddenSize % (2 * numAttentionHeads) !== 0)
    throw reader.wrong(
      'hidden_size',
      `an even multiple of num_attention_heads (${numAttentionHeads})`,
      hiddenSize,
    )
  reader.only('head_dim', [hiddenSize / numAttentionHeads])
  reader.only('sparse_prediction', [false])
  reader.only('is_decoder', [false])
  reader.only('rope_scaling', [])
  const numHiddenLayers = reader.layers('num_hidden_layers', 22)
  const initializerRange = reader.number('initializer_range', 0.02)
  return {
    modelType: 'modernbert',
    vocabSize: reader.size('vocab_size', 50368),
    hiddenSize,
    numHiddenLayers,
    numAttentionHeads,
    intermediateSize: reader.size('intermediate_size', 1152),
    hiddenAct: reader.choice('hidden_activation', activationNames, 'gelu'),
    hiddenDropoutProb: reader.probability('embedding_dropout', 0),
    attentionProbsDropoutProb: reader.probability('attention_dropout', 0),
    classifierDropout: reader.probability('classifier_dropout', 0),
    maxPositionEmbeddings: reader.count('max_position_embeddings', { fallback: 8192 }),
    typeVocabSize: 0,
    layerNormEps: reader.number('norm_eps', 1e-5),
    initializerRange,
    padTokenId: reader.count('pad_token_id', { fallback: 50283, least: 0 }),
    localLayers: readLayerTypes(reader, numHiddenLayers),
    window: Math.floor(reader.count('local_attention', { fallback: 128 }) / 2),
    theta: {
      global: readTheta(reader, 'full_attention', firstTheta(reader, 'global_rope_theta', 160_000)),
      local: readTheta(reader, 'sliding_attention', firstTheta(reader, 'local_rope_theta', 10_000)),
    },
    attentionBias: reader.boolean('attention_bias', false),
    mlpBias: reader.boolean('mlp_bias', false),
    normBias: reader.boolean('norm_bias', false),
    decoderBias: reader.boolean('decoder_bias', true),
    mlpDropout: reader.probability('mlp_dropout', 0),
    outputStd: initializerRange / Math.sqrt(2 * numHiddenLayers),
    head: {
      pooling: reader.choice('classifier_pooling', ['cls', 'mean'], 'cls') === 'mean' ? 'mean' : 'first',
      act: reader.choice('classifier_activation', activationNames, 'gelu'),
      bias: reader.boolean('classifier_bias', false),
    },
    raw: withoutWholeFloat(reader.raw),
  }
}

/** transformers takes no whole number for this one, and JSON.stringify writes its default, 2.0, as one: left out. */
function withoutWholeFloat(raw: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { initializer_cutoff_factor: factor, ...rest } = raw
  return factor === 2 ? rest : raw
}

/** `layer_types`, or the first form's count of layers from one global layer to the next. */
function readLayerTypes(reader: ConfigReader, layers: number): boolean[] {
  const types = reader.raw.layer_types ?? null
  if (types === null) {
    const step = reader.count('global_attn_every_n_layers', { fallback: 3 })
    return Array.from({ length: layers }, (_, index) => index % step !== 0)
  }
  const known: readonly unknown[] = layerTypes
  if (!Array.isArray(types) || types.length !== layers || types.some((type) => !known.includes(type)))
    throw reader.wrong('layer_types', `${layers} of ${layerTypes.join(' or ')}, one a layer`, types)
  return types.map((type) => type === 'sliding_attention')
}

/** A base of the first form; null, which had a meaning of its own there, is refused. */
function firstTheta(reader: ConfigReader, name: string, fallback: number): number {
  if (reader.raw[name] === null) throw reader.wrong(name, 'a number', null)
  return reader.number(name, fallback)
}

/** `rope_parameters[kind].rope_theta`, where a file has it; angles of another kind than the plain ones are refused. */
function readTheta(reader: ConfigReader, kind: (typeof layerTypes)[number], fallback: number): number {
  const all = reader.raw.rope_parameters ?? {}
  const own = (all as Record<string, unknown>)[kind] ?? {}
  if (typeof all !== 'object' || typeof own !== 'object' || Array.isArray(own))
    throw reader.wrong('rope_parameters', `an object with ${layerTypes.join(' and ')}`, all)
  const parameters = own as Record<string, unknown>
  for (const [key, value] of Object.entries(parameters)) {
    if (ropeKeys.includes(key) && (key !== 'rope_type' || value === 'default')) continue
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${reader.file}: rope_parameters.${kind}.${key} is ${JSON.stringify(value)}; supported: rope_type "default" with a rope_theta.`,
      { file: reader.file },
    )
  }
  const theta = parameters.rope_theta ?? fallback
  if (typeof theta === 'number' && Number.isFinite(theta) && theta > 0) return theta
  throw reader.wrong(`rope_parameters.${kind}.rope_theta`, 'a positive number', theta)
}
