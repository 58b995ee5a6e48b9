import { type Activation, activationNames } from '../nn/activation.ts'
import { ConfigReader, type EncoderConfig, readEncoderConfig } from './config.ts'

/** What DeBERTa-v2 and v3 have beyond other encoders. */
export interface DisentangledConfig {
  /** Whether attention sees relative positions at all. */
  relativeAttention: boolean
  /** Content-to-position: queries meet projected positions. */
  c2p: boolean
  /** Position-to-content: keys meet projected positions. */
  p2c: boolean
  /** Positions pass through query_proj and key_proj; otherwise through projections of their own. */
  shareAttKey: boolean
  /** Logarithmic buckets; 0 or less means a row for every distance. */
  positionBuckets: number
  /** Distances beyond it share a row. */
  maxRelativePositions: number
  /** Whether the relative embeddings pass through a LayerNorm. */
  normRelativeEmbeddings: boolean
  /** Whether absolute positions are added to the input. */
  positionBiasedInput: boolean
  /** Of the word embeddings; projected to hiddenSize where it differs. */
  embeddingSize: number
  /** The convolution beside the first layer, of v2. */
  conv: { kernelSize: number; act: Activation } | null
  poolerDropout: number
  poolerAct: Activation
}

/** A table of relative positions has two rows for each. */
const mostPositions = 2 ** 30 - 1

/** transformers' defaults where they are not BERT's (configuration_deberta_v2.py). */
const defaults = {
  hidden_size: 1536,
  num_hidden_layers: 24,
  num_attention_heads: 24,
  intermediate_size: 6144,
  type_vocab_size: 0,
  layer_norm_eps: 1e-7,
}

function withDefaults({ raw, file, bounds }: ConfigReader): ConfigReader {
  return new ConfigReader({ ...defaults, ...raw }, file, bounds)
}

export interface DebertaConfig extends EncoderConfig, DisentangledConfig {}

/** Reads config.json; defaults are transformers' (configuration_deberta_v2.py). */
export function readDebertaConfig(reader: ConfigReader): DebertaConfig {
  const config = readEncoderConfig(withDefaults(reader))
  return {
    ...config,
    ...readDisentangledConfig(reader),
    classifierDropout: reader.optionalProbability('cls_dropout'),
    raw: reader.raw,
  }
}

/**
 * The fields of DeBERTa alone. Every option that transformers' modeling_deberta_v2.py reads is honoured or refused by
 * name.
 * @throws TorchLoraError INVALID_FILE, UNSUPPORTED
 */
function readDisentangledConfig(given: ConfigReader): DisentangledConfig {
  const reader = withDefaults(given)
  const hiddenSize = reader.size('hidden_size')
  reader.only('attention_head_size', [hiddenSize / reader.size('num_attention_heads')])
  reader.only('pooler_hidden_size', [hiddenSize])
  reader.only('conv_groups', [1])
  reader.only('is_decoder', [false])
  const types = readNames(reader, 'pos_att_type', ['c2p', 'p2c'])
  const norms = readNames(reader, 'norm_rel_ebd', ['none', 'layer_norm'])
  const positions = reader.count('max_position_embeddings', { fallback: 512 })
  const maxRelativePositions = reader.number('max_relative_positions', -1)
  const config = {
    relativeAttention: reader.boolean('relative_attention', false),
    c2p: types.includes('c2p'),
    p2c: types.includes('p2c'),
    shareAttKey: reader.boolean('share_att_key', false),
    positionBuckets: reader.number('position_buckets', -1),
    maxRelativePositions: maxRelativePositions < 1 ? positions : maxRelativePositions,
    normRelativeEmbeddings: norms.includes('layer_norm'),
    positionBiasedInput: reader.boolean('position_biased_input', true),
    embeddingSize: reader.size('embedding_size', hiddenSize),
    conv: readConvolution(reader),
    poolerDropout: reader.probability('pooler_dropout', 0),
    poolerAct: reader.choice('pooler_hidden_act', activationNames, 'gelu'),
  }
  checkBuckets(reader, config)
  return config
}

/** A list of names, or one string in which "|" parts them. */
function readNames(reader: ConfigReader, field: string, allowed: readonly string[]): string[] {
  const value = reader.raw[field] ?? []
  const names =
    typeof value === 'string'
      ? value
          .toLowerCase()
          .split('|')
          .map((name) => name.trim())
          .filter((name) => name !== '')
      : value
  if (!Array.isArray(names)) throw reader.wrong(field, 'names parted by "|", or a list of them', value)
  for (const name of names) new ConfigReader({ [field]: name }, reader.file).only(field, allowed)
  return names
}

function readConvolution(reader: ConfigReader): DisentangledConfig['conv'] {
  const kernelSize = reader.number('conv_kernel_size', 0)
  if (kernelSize <= 0) return null
  if (kernelSize % 2 !== 1) throw reader.wrong('conv_kernel_size', 'an odd number, or 0', kernelSize)
  return {
    kernelSize: reader.size('conv_kernel_size'),
    act: reader.choice('conv_act', activationNames, 'tanh'),
  }
}

function checkBuckets(reader: ConfigReader, config: DisentangledConfig): void {
  const { positionBuckets, maxRelativePositions, relativeAttention } = config
  if (!Number.isInteger(positionBuckets) || positionBuckets === 1 || positionBuckets > mostPositions)
    throw reader.wrong(
      'position_buckets',
      `a whole number from 2 to ${mostPositions}, or -1`,
      positionBuckets,
    )
  if (!Number.isInteger(maxRelativePositions) || maxRelativePositions > mostPositions)
    throw reader.wrong(
      'max_relative_positions',
      `a whole number up to ${mostPositions}`,
      maxRelativePositions,
    )
  if (
    relativeAttention &&
    positionBuckets > 0 &&
    maxRelativePositions - 1 <= Math.floor(positionBuckets / 2)
  ) {
    const field =
      reader.number('max_relative_positions', -1) < 1 ? 'max_position_embeddings' : 'max_relative_positions'
    throw reader.wrong(
      field,
      `above position_buckets / 2 + 1 (${positionBuckets / 2 + 1})`,
      maxRelativePositions,
    )
  }
}
