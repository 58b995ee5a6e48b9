import { activationNames } from '../nn/activation.ts'
import { selfAttention, wantedRows } from '../nn/attention.ts'
import type { BatchTensors, PositionScheme, WantedRows } from '../nn/batch.ts'
import { activatedLinear } from '../nn/feed-forward.ts'
import { LayerNorm } from '../nn/layer-norm.ts'
import { type FusedGroup, FusingModule, Linear, type LinearLike, type RowKind } from '../nn/linear.ts'
import { Module } from '../nn/module.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import { type EncoderConfig, languageLayout } from './config.ts'
import { Embeddings } from './embeddings.ts'
import { Encoder } from './encoder.ts'
import type { Family } from './family.ts'
import { LayerStack } from './layer-stack.ts'

/** Field names are checkpoint keys: transformers, modeling_distilbert.py. */

/** softmax(QK^T / sqrt(D)) V W_out^T + b_out within each sequence. */
class SelfAttention extends FusingModule {
  q_lin: LinearLike
  k_lin: LinearLike
  v_lin: LinearLike
  out_lin: LinearLike

  constructor(
    readonly config: EncoderConfig,
    options: TensorOptions,
  ) {
    super()
    const { hiddenSize, initializerRange: std } = config
    const linear = () => new Linear(hiddenSize, hiddenSize, { std, ...options })
    this.q_lin = linear()
    this.k_lin = linear()
    this.v_lin = linear()
    this.out_lin = linear()
  }

  fusedGroups(): FusedGroup[] {
    return [{ layers: [this.q_lin, this.k_lin, this.v_lin], rows: 'token' }]
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows */
  forward(hidden: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const { numAttentionHeads: heads, attentionProbsDropoutProb } = this.config
    const layers = [this.q_lin, this.k_lin, this.v_lin] as const
    const dropout = this.training ? attentionProbsDropoutProb : 0
    const context = selfAttention(hidden, batch, { layers, heads, dropout, wanted }) // [rows, H]
    return this.out_lin.forward(context, { rows: wanted ? 'wanted' : 'token' }) // [rows, H]
  }
}

/** act(x W_1^T + b_1) W_2^T + b_2 */
class FeedForward extends Module {
  lin1: LinearLike
  lin2: LinearLike

  constructor(
    readonly config: EncoderConfig,
    options: TensorOptions,
  ) {
    super()
    const { hiddenSize, intermediateSize, initializerRange: std } = config
    this.lin1 = new Linear(hiddenSize, intermediateSize, { std, ...options })
    this.lin2 = new Linear(intermediateSize, hiddenSize, { std, ...options })
  }

  forward(x: Tensor, rows: RowKind): Tensor {
    const wide = activatedLinear(x, this.lin1, { act: this.config.hiddenAct, rows }) // [rows, intermediate]
    return this.lin2.forward(wide, { rows }) // [rows, H]
  }
}

class Layer extends Module {
  attention: SelfAttention
  sa_layer_norm: LayerNorm
  ffn: FeedForward
  output_layer_norm: LayerNorm

  constructor(
    readonly config: EncoderConfig,
    options: TensorOptions,
  ) {
    super()
    const norm = () => new LayerNorm(config.hiddenSize, config.layerNormEps, options)
    this.attention = new SelfAttention(config, options)
    this.sa_layer_norm = norm()
    this.ffn = new FeedForward(config, options)
    this.output_layer_norm = norm()
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows */
  forward(hidden: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const attended = this.attention.forward(hidden, batch, wanted) // [rows, H]
    const normed = this.sa_layer_norm.forwardResidual(attended, wantedRows(hidden, wanted), 0) // [rows, H]
    const fed = this.ffn.forward(normed, wanted ? 'wanted' : 'token') // [rows, H]
    return this.output_layer_norm.forwardResidual(fed, normed, this.config.hiddenDropoutProb) // [rows, H]
  }
}

class Transformer extends LayerStack {
  layer: Layer[]

  constructor(config: EncoderConfig, options: TensorOptions) {
    super()
    this.layer = Array.from({ length: config.numHiddenLayers }, () => new Layer(config, options))
  }

  forward(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    return this.runLayers(this.layer, { embedded, wanted }, (layer, hidden, needed) =>
      layer.forward(hidden, batch, needed),
    ) // [rows, H]
  }
}

/** What DistilBERT's `config.json` says beyond others. */
interface DistilBertConfig extends EncoderConfig {
  /** Of the head that answers questions. */
  questionDropout: number
}

/** DistilBERT (Sanh et al., 2019): BERT's layers without token types; transformers' `DistilBertModel`. */
export class DistilBertEncoder extends Encoder {
  readonly positions: PositionScheme = { kind: 'zero' }
  readonly maxLength: number
  embeddings: Embeddings
  transformer: Transformer

  constructor(config: EncoderConfig, options: TensorOptions = {}) {
    super(config)
    this.maxLength = config.maxPositionEmbeddings
    this.embeddings = new Embeddings(config, options)
    this.transformer = new Transformer(config, options)
  }

  embed(batch: BatchTensors): Tensor {
    return this.embeddings.forward(batch) // [T, H]
  }

  layers(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    return this.transformer.forward(embedded, batch, wanted) // [rows, H]
  }

  override firstTokenLayers(): readonly LinearLike[] {
    const { q_lin, k_lin, v_lin } = this.transformer.layer.at(-1)!.attention
    return [q_lin, k_lin, v_lin]
  }
}

export const distilbert: Family<DistilBertConfig> = {
  modelType: 'distilbert',
  architecture: 'DistilBert',
  prefix: 'distilbert',
  tokenizerClass: 'BertTokenizer',
  loraTargets: ['q_lin', 'v_lin'],
  ia3Targets: ['k_lin', 'v_lin', 'ffn.lin2'],

  readConfig(reader) {
    const hiddenSize = reader.size('dim', 768)
    const numAttentionHeads = reader.size('n_heads', 12)
    if (hiddenSize % numAttentionHeads !== 0)
      throw reader.wrong('dim', `a multiple of n_heads (${numAttentionHeads})`, hiddenSize)
    return {
      modelType: 'distilbert',
      vocabSize: reader.size('vocab_size', 30522),
      hiddenSize,
      numHiddenLayers: reader.layers('n_layers', 6),
      numAttentionHeads,
      intermediateSize: reader.size('hidden_dim', 3072),
      hiddenAct: reader.choice('activation', activationNames, 'gelu'),
      hiddenDropoutProb: reader.probability('dropout', 0.1),
      attentionProbsDropoutProb: reader.probability('attention_dropout', 0.1),
      classifierDropout: reader.probability('seq_classif_dropout', 0.2),
      questionDropout: reader.probability('qa_dropout', 0.1),
      maxPositionEmbeddings: reader.size('max_position_embeddings', 512),
      typeVocabSize: 0,
      layerNormEps: 1e-12, // not in its configuration
      initializerRange: reader.number('initializer_range', 0.02),
      padTokenId: reader.count('pad_token_id', { fallback: 0, least: 0 }),
      raw: reader.raw,
    }
  },

  encoder: (config, options) => new DistilBertEncoder(config, options),

  heads(config) {
    const {
      hiddenSize,
      initializerRange: std,
      classifierDropout,
      hiddenDropoutProb,
      questionDropout,
    } = config
    const dense = { name: 'pre_classifier', act: 'relu', dropout: 0 } as const
    return {
      sequence: { hiddenSize, std, dense, out: 'classifier', dropout: classifierDropout! },
      token: { hiddenSize, std, out: 'classifier', dropout: hiddenDropoutProb },
      question: { hiddenSize, std, out: 'qa_outputs', dropout: questionDropout },
      maskedLm: {
        ...languageLayout(config),
        layerNormEps: 1e-12,
        dense: 'vocab_transform',
        norm: 'vocab_layer_norm',
        bias: 'vocab_projector',
      },
    }
  },
}
