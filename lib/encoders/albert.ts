import { selfAttention, wantedRows } from '../nn/attention.ts'
import type { BatchTensors, PositionScheme, WantedRows } from '../nn/batch.ts'
import { activatedLinear } from '../nn/feed-forward.ts'
import { LayerNorm } from '../nn/layer-norm.ts'
import { type FusedGroup, FusingModule, Linear, type LinearLike } from '../nn/linear.ts'
import { Module } from '../nn/module.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import { ConfigReader, type EncoderConfig, languageLayout, readEncoderConfig } from './config.ts'
import { Embeddings } from './embeddings.ts'
import { Encoder } from './encoder.ts'
import type { Family } from './family.ts'
import { LayerStack } from './layer-stack.ts'

/** Field names are checkpoint keys: transformers, modeling_albert.py. */

interface AlbertConfig extends EncoderConfig {
  /** Of the embeddings, which are projected to hiddenSize. */
  embeddingSize: number
  /** Groups of layers: those of one group share their parameters. */
  numHiddenGroups: number
  /** Layers of a group, all of which act each time that it does. */
  innerGroupNum: number
}

/** LN(x + dropout(softmax(QK^T / sqrt(D)) V W_o^T + b_o)) within each sequence. */
class Attention extends FusingModule {
  query: LinearLike
  key: LinearLike
  value: LinearLike
  dense: LinearLike
  LayerNorm: LayerNorm

  constructor(
    readonly config: EncoderConfig,
    options: TensorOptions,
  ) {
    super()
    const { hiddenSize, layerNormEps, initializerRange: std } = config
    const linear = () => new Linear(hiddenSize, hiddenSize, { std, ...options })
    this.query = linear()
    this.key = linear()
    this.value = linear()
    this.dense = linear()
    this.LayerNorm = new LayerNorm(hiddenSize, layerNormEps, options)
  }

  fusedGroups(): FusedGroup[] {
    return [{ layers: [this.query, this.key, this.value], rows: 'token' }]
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows */
  forward(hidden: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const { numAttentionHeads: heads, attentionProbsDropoutProb, hiddenDropoutProb } = this.config
    const layers = [this.query, this.key, this.value] as const
    const dropout = this.training ? attentionProbsDropoutProb : 0
    const context = selfAttention(hidden, batch, { layers, heads, dropout, wanted }) // [rows, H]
    const projected = this.dense.forward(context, { rows: wanted ? 'wanted' : 'token' }) // [rows, H]
    return this.LayerNorm.forwardResidual(projected, wantedRows(hidden, wanted), hiddenDropoutProb) // [rows, H]
  }
}

class Layer extends Module {
  full_layer_layer_norm: LayerNorm
  attention: Attention
  ffn: LinearLike
  ffn_output: LinearLike

  constructor(
    readonly config: EncoderConfig,
    options: TensorOptions,
  ) {
    super()
    const { hiddenSize, intermediateSize, layerNormEps, initializerRange: std } = config
    this.full_layer_layer_norm = new LayerNorm(hiddenSize, layerNormEps, options)
    this.attention = new Attention(config, options)
    this.ffn = new Linear(hiddenSize, intermediateSize, { std, ...options })
    this.ffn_output = new Linear(intermediateSize, hiddenSize, { std, ...options })
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows */
  forward(hidden: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const rows = wanted ? 'wanted' : 'token'
    const attended = this.attention.forward(hidden, batch, wanted) // [rows, H]
    const wide = activatedLinear(attended, this.ffn, { act: this.config.hiddenAct, rows }) // [rows, intermediate]
    const fed = this.ffn_output.forward(wide, { rows }) // [rows, H]
    return this.full_layer_layer_norm.forwardResidual(fed, attended, 0) // [rows, H]
  }
}

class Group extends Module {
  albert_layers: Layer[]

  constructor(config: AlbertConfig, options: TensorOptions) {
    super()
    this.albert_layers = Array.from({ length: config.innerGroupNum }, () => new Layer(config, options))
  }
}

/** The embeddings' projection, then groups of layers, each of which acts several times with the same parameters. */
class AlbertLayers extends LayerStack {
  embedding_hidden_mapping_in: LinearLike
  albert_layer_groups: Group[]

  constructor(
    readonly config: AlbertConfig,
    options: TensorOptions,
  ) {
    super()
    const { embeddingSize, hiddenSize, numHiddenGroups, initializerRange: std } = config
    this.embedding_hidden_mapping_in = new Linear(embeddingSize, hiddenSize, { std, ...options })
    this.albert_layer_groups = Array.from({ length: numHiddenGroups }, () => new Group(config, options))
  }

  forward(small: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const { numHiddenLayers, numHiddenGroups } = this.config
    const embedded = this.embedding_hidden_mapping_in.forward(small) // [T, H]
    const acting = Array.from({ length: numHiddenLayers }, (_, i) => {
      const group = Math.floor(i / (numHiddenLayers / numHiddenGroups)) // in this order, as transformers rounds
      return this.albert_layer_groups[group]!.albert_layers
    }).flat()
    return this.runLayers(acting, { embedded, wanted }, (layer, hidden, needed) =>
      layer.forward(hidden, batch, needed),
    ) // [rows, H]
  }
}

/** ALBERT (Lan et al., 2020): layers that share their parameters; transformers' `AlbertModel`. */
export class AlbertEncoder extends Encoder<AlbertConfig> {
  readonly positions: PositionScheme = { kind: 'zero' }
  readonly maxLength: number
  embeddings: Embeddings
  encoder: AlbertLayers

  constructor(config: AlbertConfig, options: TensorOptions = {}) {
    super(config)
    this.maxLength = config.maxPositionEmbeddings
    this.embeddings = new Embeddings({ ...config, hiddenSize: config.embeddingSize }, options)
    this.encoder = new AlbertLayers(config, options)
  }

  embed(batch: BatchTensors): Tensor {
    return this.embeddings.forward(batch) // [T, E]
  }

  layers(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    return this.encoder.forward(embedded, batch, wanted) // [rows, H]
  }
}

/** transformers' defaults where they are not BERT's (configuration_albert.py). */
const defaults = {
  vocab_size: 30000,
  embedding_size: 128,
  hidden_size: 4096,
  num_attention_heads: 64,
  intermediate_size: 16384,
  hidden_act: 'gelu_new',
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
}

/** A checkpoint holds each layer once however often it acts, so the size of its file is no bound. */
const mostLayers = 1024

export const albert: Family<AlbertConfig> = {
  modelType: 'albert',
  architecture: 'Albert',
  prefix: 'albert',
  tokenizerClass: 'AlbertTokenizer',
  loraTargets: ['query', 'value'],

  readConfig({ raw, file, bounds }) {
    const reader = new ConfigReader({ ...defaults, ...raw }, file, bounds)
    reader.only('position_embedding_type', ['absolute'])
    const numHiddenLayers = reader.count('num_hidden_layers', { fallback: 12 })
    if (numHiddenLayers > mostLayers)
      throw reader.wrong('num_hidden_layers', `at most ${mostLayers}`, numHiddenLayers)
    return {
      ...readEncoderConfig(reader, { numHiddenLayers }),
      numHiddenGroups: reader.layers('num_hidden_groups', 1),
      embeddingSize: reader.size('embedding_size'),
      innerGroupNum: reader.layers('inner_group_num', 1),
      classifierDropout: reader.probability('classifier_dropout_prob', 0.1),
      raw,
    }
  },

  encoder: (config, options) => new AlbertEncoder(config, options),

  heads(config) {
    const { hiddenSize, embeddingSize, initializerRange: std, classifierDropout } = config
    const plain = { hiddenSize, std, out: 'classifier', dropout: classifierDropout! }
    const pooler = { name: 'albert.pooler', act: 'tanh', dropout: 0 } as const
    const maskedLm = {
      ...languageLayout(config),
      embeddingSize,
      dense: 'predictions.dense',
      norm: 'predictions.LayerNorm',
      bias: 'predictions',
    }
    return { sequence: { ...plain, dense: pooler }, token: plain, maskedLm }
  },
}
