import type { BatchTensors, PositionScheme, WantedRows } from '../nn/batch.ts'
import { Linear, type LinearLike } from '../nn/linear.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import { BertLayers } from './bert-layers.ts'
import { ConfigReader, type EncoderConfig, languageLayout, readEncoderConfig } from './config.ts'
import { Embeddings } from './embeddings.ts'
import { Encoder } from './encoder.ts'
import type { Family } from './family.ts'

interface ElectraConfig extends EncoderConfig {
  /** Of the embeddings; projected to hiddenSize where it differs. */
  embeddingSize: number
}

/** ELECTRA's discriminator (Clark et al., 2020); transformers' `ElectraModel`, modeling_electra.py. */
export class ElectraEncoder extends Encoder<ElectraConfig> {
  readonly positions: PositionScheme = { kind: 'zero' }
  readonly maxLength: number
  embeddings: Embeddings
  embeddings_project: LinearLike | null
  encoder: BertLayers

  constructor(config: ElectraConfig, options: TensorOptions = {}) {
    super(config)
    const { embeddingSize, hiddenSize, initializerRange: std } = config
    this.maxLength = config.maxPositionEmbeddings
    this.embeddings = new Embeddings({ ...config, hiddenSize: embeddingSize }, options)
    this.embeddings_project =
      embeddingSize === hiddenSize ? null : new Linear(embeddingSize, hiddenSize, { std, ...options })
    this.encoder = new BertLayers(config, options)
  }

  embed(batch: BatchTensors): Tensor {
    const embedded = this.embeddings.forward(batch) // [T, E]
    return this.embeddings_project ? this.embeddings_project.forward(embedded) : embedded // [T, H]
  }

  layers(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    return this.encoder.forward(embedded, batch, wanted) // [rows, H]
  }

  override firstTokenLayers(): readonly LinearLike[] {
    return this.encoder.firstTokenLayers()
  }
}

/** transformers' defaults where they are not BERT's (configuration_electra.py). */
const defaults = { hidden_size: 256, num_attention_heads: 4, intermediate_size: 1024, embedding_size: 128 }

export const electra: Family<ElectraConfig> = {
  modelType: 'electra',
  architecture: 'Electra',
  prefix: 'electra',
  tokenizerClass: 'BertTokenizer',
  loraTargets: ['query', 'value'],
  ia3Targets: ['key', 'value', 'output.dense'],

  readConfig({ raw, file, bounds }) {
    const reader = new ConfigReader({ ...defaults, ...raw }, file, bounds)
    reader.only('position_embedding_type', ['absolute'])
    reader.only('is_decoder', [false])
    return { ...readEncoderConfig(reader), embeddingSize: reader.size('embedding_size'), raw }
  },

  encoder: (config, options) => new ElectraEncoder(config, options),

  heads(config) {
    const { hiddenSize, initializerRange: std, classifierDropout, hiddenDropoutProb, embeddingSize } = config
    const dropout = classifierDropout ?? hiddenDropoutProb
    const dense = { name: 'classifier.dense', act: 'gelu', dropout } as const
    return {
      sequence: { hiddenSize, std, dense, out: 'classifier.out_proj', dropout },
      token: { hiddenSize, std, out: 'classifier', dropout },
      maskedLm: {
        ...languageLayout(config),
        embeddingSize,
        act: 'gelu',
        dense: 'generator_predictions.dense',
        norm: 'generator_predictions.LayerNorm',
        bias: 'generator_lm_head',
      },
    }
  },
}
