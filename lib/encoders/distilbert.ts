import * as fused from '../generated/fused.ts'
import * as ops from '../generated/ops.ts'
import { activationNames, activations } from '../nn/activation.ts'
import { firstTokenContext } from '../nn/attention.ts'
import type { BatchTensors, PositionScheme, WantedRows } from '../nn/batch.ts'
import { dropout } from '../nn/dropout.ts'
import { Embedding } from '../nn/embedding.ts'
import { LayerNorm } from '../nn/layer-norm.ts'
import {
  type FusedGroup,
  FusingModule,
  fusedLinear,
  Linear,
  type LinearLike,
  type RowKind,
} from '../nn/linear.ts'
import { Module } from '../nn/module.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import type { EncoderConfig } from './config.ts'
import { Encoder } from './encoder.ts'
import type { Family } from './family.ts'
import { LayerStack } from './layer-stack.ts'

/** Field names are checkpoint keys: transformers, modeling_distilbert.py. */

/** LN(word + position), then dropout. */
class Embeddings extends Module {
  word_embeddings: Embedding
  position_embeddings: Embedding
  LayerNorm: LayerNorm

  constructor(
    readonly config: EncoderConfig,
    options: TensorOptions,
  ) {
    super()
    const std = { std: config.initializerRange, ...options }
    this.word_embeddings = new Embedding(config.vocabSize, config.hiddenSize, std)
    this.position_embeddings = new Embedding(config.maxPositionEmbeddings, config.hiddenSize, std)
    this.LayerNorm = new LayerNorm(config.hiddenSize, config.layerNormEps, options)
  }

  forward(batch: BatchTensors): Tensor {
    const words = this.word_embeddings.forward(batch.inputIds) // [T, H]
    const positions = this.position_embeddings.forward(batch.positionIds) // [T, H]
    const normed = this.LayerNorm.forward(ops.add(words, positions)) // [T, H]
    return dropout(normed, this.training ? this.config.hiddenDropoutProb : 0) // [T, H]
  }
}

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
    const heads = this.config.numAttentionHeads
    const layers = [this.q_lin, this.k_lin, this.v_lin] as const
    const first = wanted ? firstTokenContext({ hidden, wanted, layers, heads }, batch) : null
    const context = first ?? this.#context(hidden, batch, wanted) // [rows, H]
    return this.out_lin.forward(context, { rows: wanted ? 'wanted' : 'token' }) // [rows, H]
  }

  #context(hidden: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const { numAttentionHeads, hiddenSize, attentionProbsDropoutProb } = this.config
    const qkv = fusedLinear(hidden, [this.q_lin, this.k_lin, this.v_lin]) // [T, 3H]
    const heads = ops.view(qkv, [-1, 3, numAttentionHeads, hiddenSize / numAttentionHeads]) // [T, 3, N, D]
    const attended = fused.varlenAttention(heads, batch.cuSeqlens, batch.maxSeqlen, {
      dropoutP: this.training ? attentionProbsDropoutProb : 0,
    }) // [T, N, D]
    const all = ops.view(attended, [-1, hiddenSize]) // [T, H]
    return wanted ? ops.indexSelect(all, 0, wanted.indices) : all // [rows, H]
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
    const gelu = this.config.hiddenAct === 'gelu'
    const wide = this.lin1.forward(x, { rows, gelu }) // [rows, intermediate]
    return this.lin2.forward(gelu ? wide : activations[this.config.hiddenAct](wide), { rows }) // [rows, H]
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
    const residual = wanted ? ops.indexSelect(hidden, 0, wanted.indices) : hidden // [rows, H]
    const attended = this.attention.forward(hidden, batch, wanted) // [rows, H]
    const normed = this.sa_layer_norm.forwardResidual(attended, residual, 0) // [rows, H]
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
    let hidden = embedded // [T, H]
    for (const [i, layer] of this.layer.entries()) {
      const input = hidden
      const needed = i === this.layer.length - 1 ? wanted : undefined
      hidden = this.runLayer(() => layer.forward(input, batch, needed)) // [T, H], last [rows, H]
    }
    return hidden // [rows, H]
  }
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

export const distilbert: Family = {
  modelType: 'distilbert',
  architecture: 'DistilBert',
  prefix: 'distilbert',
  loraTargets: ['q_lin', 'v_lin'],

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
      maxPositionEmbeddings: reader.size('max_position_embeddings', 512),
      typeVocabSize: 0,
      layerNormEps: 1e-12, // not in its configuration
      initializerRange: reader.number('initializer_range', 0.02),
      padTokenId: reader.count('pad_token_id', { fallback: 0, least: 0 }),
      raw: reader.raw,
    }
  },

  encoder: (config, options) => new DistilBertEncoder(config, options),

  heads({ hiddenSize, initializerRange: std, classifierDropout, hiddenDropoutProb }) {
    const dense = { name: 'pre_classifier', act: 'relu', dropout: 0 } as const
    return {
      sequence: { hiddenSize, std, dense, out: 'classifier', dropout: classifierDropout! },
      token: { hiddenSize, std, out: 'classifier', dropout: hiddenDropoutProb },
    }
  },
}
