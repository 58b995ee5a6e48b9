import { type Activation, activationNames } from '../nn/activation.ts'
import { ConfigReader, readEncoderConfig } from './config.ts'
import {
  type DisentangledConfig,
  mostPositions,
  readDisentangledConfig,
  readNames,
} from './disentangled-config.ts'

/** What DeBERTa-v2 and v3 have beyond the first. */
export interface DebertaV2Config extends DisentangledConfig {
  /** Positions pass through query_proj and key_proj; otherwise through projections of their own. */
  shareAttKey: boolean
  /** Logarithmic buckets; 0 or less means a row for every distance. */
  positionBuckets: number
  /** Whether the relative embeddings pass through a LayerNorm. */
  normRelativeEmbeddings: boolean
  /** The convolution beside the first layer, of v2. */
  conv: { kernelSize: number; act: Activation } | null
}

/** transformers' defaults where they are not BERT's (configuration_deberta_v2.py). */
const defaults = {
  hidden_size: 1536,
  num_hidden_layers: 24,
  num_attention_heads: 24,
  intermediate_size: 6144,
  type_vocab_size: 0,
  layer_norm_eps: 1e-7,
}

/**
 * Reads config.json; defaults are transformers' (configuration_deberta_v2.py). Every option that its
 * modeling_deberta_v2.py reads is honoured or refused by name.
 * @throws TorchLoraError INVALID_FILE, UNSUPPORTED
 */
export function readDebertaV2Config({ raw, file, bounds }: ConfigReader): DebertaV2Config {
  const reader = new ConfigReader({ ...defaults, ...raw }, file, bounds)
  reader.only('attention_head_size', [reader.size('hidden_size') / reader.size('num_attention_heads')])
  reader.only('conv_groups', [1])
  const config = {
    ...readEncoderConfig(reader),
    ...readDisentangledConfig(reader),
    shareAttKey: reader.boolean('share_att_key', false),
    positionBuckets: reader.number('position_buckets', -1),
    normRelativeEmbeddings: readNames(reader, 'norm_rel_ebd', ['none', 'layer_norm']).includes('layer_norm'),
    conv: readConvolution(reader),
    raw,
  }
  checkBuckets(reader, config)
  return config
}

function readConvolution(reader: ConfigReader): DebertaV2Config['conv'] {
  const kernelSize = reader.number('conv_kernel_size', 0)
  if (kernelSize <= 0) return null
  if (kernelSize % 2 !== 1) throw reader.wrong('conv_kernel_size', 'an odd number, or 0', kernelSize)
  return {
    kernelSize: reader.size('conv_kernel_size'),
    act: reader.choice('conv_act', activationNames, 'tanh'),
  }
}

function checkBuckets(reader: ConfigReader, config: DebertaV2Config): void {
  const { positionBuckets, maxRelativePositions, relativeAttention } = config
  if (!Number.isInteger(positionBuckets) || positionBuckets === 1 || positionBuckets > mostPositions)
    throw reader.wrong(
      'position_buckets',
      `a whole number from 2 to ${mostPositions}, or -1`,
      positionBuckets,
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
