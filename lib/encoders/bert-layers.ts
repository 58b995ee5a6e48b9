import * as fused from '../generated/fused.ts'
import * as ops from '../generated/ops.ts'
import { activations } from '../nn/activation.ts'
import { firstTokenContext } from '../nn/attention.ts'
import type { BatchTensors, WantedRows } from '../nn/batch.ts'
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
import { LayerStack } from './layer-stack.ts'

/**
 * The encoder that BERT (Devlin et al., 2019) and RoBERTa (Liu et al., 2019) share, on packed sequences.
 * Field names are checkpoint keys: transformers, modeling_bert.py and modeling_roberta.py.
 */

/** LN(word + position + token type), then dropout. */
export class Embeddings extends Module {
  word_embeddings: Embedding
  position_embeddings: Embedding
  token_type_embeddings: Embedding
  LayerNorm: LayerNorm

  constructor(
    readonly config: EncoderConfig,
    options: TensorOptions,
  ) {
    super()
    const std = { std: config.initializerRange, ...options }
    this.word_embeddings = new Embedding(config.vocabSize, config.hiddenSize, std)
    this.position_embeddings = new Embedding(config.maxPositionEmbeddings, config.hiddenSize, std)
    this.token_type_embeddings = new Embedding(config.typeVocabSize, config.hiddenSize, std)
    this.LayerNorm = new LayerNorm(config.hiddenSize, config.layerNormEps, options)
  }

  forward(batch: BatchTensors): Tensor {
    const words = this.word_embeddings.forward(batch.inputIds) // [T, H]
    const positions = this.position_embeddings.forward(batch.positionIds) // [T, H]
    const types = this.token_type_embeddings.forward(batch.tokenTypeIds) // [T, H]
    const normed = this.LayerNorm.forward(ops.add(ops.add(words, types), positions)) // [T, H]
    return dropout(normed, this.training ? this.config.hiddenDropoutProb : 0) // [T, H]
  }
}

/** softmax(QK^T / sqrt(D)) V within each sequence; query, key and value are one operator. */
class SelfAttention extends FusingModule {
  query: LinearLike
  key: LinearLike
  value: LinearLike

  constructor(
    readonly config: EncoderConfig,
    options: TensorOptions,
  ) {
    super()
    const linear = () =>
      new Linear(config.hiddenSize, config.hiddenSize, { std: config.initializerRange, ...options })
    this.query = linear()
    this.key = linear()
    this.value = linear()
  }

  fusedGroups(): FusedGroup[] {
    return [{ layers: [this.query, this.key, this.value], rows: 'token' }]
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows */
  forward(hidden: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    if (!wanted) return this.#all(hidden, batch) // [T, H]
    const layers = [this.query, this.key, this.value] as const
    const context = firstTokenContext({ hidden, wanted, layers, heads: this.config.numAttentionHeads }, batch)
    return context ?? ops.indexSelect(this.#all(hidden, batch), 0, wanted.indices) // [R, H]
  }

  /** [T, H] -> [T, H] */
  #all(hidden: Tensor, batch: BatchTensors): Tensor {
    const { numAttentionHeads, hiddenSize, attentionProbsDropoutProb } = this.config
    const headSize = hiddenSize / numAttentionHeads
    const qkv = fusedLinear(hidden, [this.query, this.key, this.value]) // [T, 3H]
    const heads = ops.view(qkv, [-1, 3, numAttentionHeads, headSize]) // [T, 3, N, D]
    const context = fused.varlenAttention(heads, batch.cuSeqlens, batch.maxSeqlen, {
      dropoutP: this.training ? attentionProbsDropoutProb : 0,
    }) // [T, N, D]
    return ops.view(context, [-1, hiddenSize]) // [T, H]
  }
}

/** LN(residual + dropout(x W^T + b)): the end of attention and of the feed-forward. */
export class ResidualOutput extends Module {
  dense: LinearLike
  LayerNorm: LayerNorm

  constructor(
    inFeatures: number,
    readonly config: EncoderConfig,
    options: TensorOptions,
  ) {
    super()
    this.dense = new Linear(inFeatures, config.hiddenSize, { std: config.initializerRange, ...options })
    this.LayerNorm = new LayerNorm(config.hiddenSize, config.layerNormEps, options)
  }

  forward(x: Tensor, residual: Tensor, rows: RowKind): Tensor {
    const projected = this.dense.forward(x, { rows }) // [rows, H]
    return this.LayerNorm.forwardResidual(projected, residual, this.config.hiddenDropoutProb) // [rows, H]
  }
}

class Attention extends Module {
  self: SelfAttention
  output: ResidualOutput

  constructor(config: EncoderConfig, options: TensorOptions) {
    super()
    this.self = new SelfAttention(config, options)
    this.output = new ResidualOutput(config.hiddenSize, config, options)
  }
}

/** act(x W^T + b): the first half of the feed-forward. */
export class Intermediate extends Module {
  dense: LinearLike

  constructor(
    readonly config: EncoderConfig,
    options: TensorOptions,
  ) {
    super()
    this.dense = new Linear(config.hiddenSize, config.intermediateSize, {
      std: config.initializerRange,
      ...options,
    })
  }

  forward(x: Tensor, rows: RowKind): Tensor {
    if (this.config.hiddenAct === 'gelu') return this.dense.forward(x, { rows, gelu: true }) // [rows, intermediate]
    return activations[this.config.hiddenAct](this.dense.forward(x, { rows })) // [rows, intermediate]
  }
}

class Layer extends Module {
  attention: Attention
  intermediate: Intermediate
  output: ResidualOutput

  constructor(config: EncoderConfig, options: TensorOptions) {
    super()
    this.attention = new Attention(config, options)
    this.intermediate = new Intermediate(config, options)
    this.output = new ResidualOutput(config.intermediateSize, config, options)
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows */
  forward(hidden: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const rows = wanted ? 'wanted' : 'token'
    const context = this.attention.self.forward(hidden, batch, wanted) // [rows, H]
    const residual = wanted ? ops.indexSelect(hidden, 0, wanted.indices) : hidden // [rows, H]
    const attended = this.attention.output.forward(context, residual, rows) // [rows, H]
    const wide = this.intermediate.forward(attended, rows) // [rows, intermediate]
    return this.output.forward(wide, attended, rows) // [rows, H]
  }
}

export class BertLayers extends LayerStack {
  layer: Layer[]

  constructor(config: EncoderConfig, options: TensorOptions) {
    super()
    this.layer = Array.from({ length: config.numHiddenLayers }, () => new Layer(config, options))
  }

  /** As `Encoder.firstTokenLayers`. */
  firstTokenLayers(): readonly LinearLike[] {
    const { query, key, value } = this.layer.at(-1)!.attention.self
    return [query, key, value]
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows, for which alone the last layer's feed-forward runs. */
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
