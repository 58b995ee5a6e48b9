import * as fused from '../generated/fused.ts'
import * as ops from '../generated/ops.ts'
import { activations } from '../nn/activation.ts'
import { Embedding } from '../nn/embedding.ts'
import { LayerNorm } from '../nn/layer-norm.ts'
import { firstTokenAttention, fusedLinear, Linear } from '../nn/linear.ts'
import { Module } from '../nn/module.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import type { BatchTensors } from './batch.ts'
import type { ClassifierConfig } from './config.ts'
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
    readonly config: ClassifierConfig,
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
class SelfAttention extends Module {
  query: Linear
  key: Linear
  value: Linear

  constructor(
    readonly config: ClassifierConfig,
    options: TensorOptions,
  ) {
    super()
    const linear = () =>
      new Linear(config.hiddenSize, config.hiddenSize, { std: config.initializerRange, ...options })
    this.query = linear()
    this.key = linear()
    this.value = linear()
  }

  forward(hidden: Tensor, batch: BatchTensors): Tensor {
    const { numAttentionHeads, hiddenSize, attentionProbsDropoutProb } = this.config
    const headSize = hiddenSize / numAttentionHeads
    const qkv = fusedLinear(hidden, [this.query, this.key, this.value]) // [T, 3H]
    const heads = ops.view(qkv, [-1, 3, numAttentionHeads, headSize]) // [T, 3, N, D]
    const context = fused.varlenAttention(heads, batch.cuSeqlens, batch.maxSeqlen, {
      dropoutP: this.training ? attentionProbsDropoutProb : 0,
    }) // [T, N, D]
    return ops.view(context, [-1, hiddenSize]) // [T, H]
  }

  /** @param rows int32 [B]: the first token of each sequence, whose output is all that is needed: [B, H] */
  forwardFirst(hidden: Tensor, batch: BatchTensors, rows: Tensor): Tensor {
    const { cuSeqlens, maxSeqlen } = batch
    const layers = [this.query, this.key, this.value] as const
    const heads = this.config.numAttentionHeads
    const context = firstTokenAttention({ hidden, rows, layers, heads, cuSeqlens, maxSeqlen })
    return context ?? ops.indexSelect(this.forward(hidden, batch), 0, rows) // [B, H]
  }
}

/** LN(residual + dropout(x W^T + b)): the end of attention and of the feed-forward. */
export class ResidualOutput extends Module {
  dense: Linear
  LayerNorm: LayerNorm

  constructor(
    inFeatures: number,
    readonly config: ClassifierConfig,
    options: TensorOptions,
  ) {
    super()
    this.dense = new Linear(inFeatures, config.hiddenSize, { std: config.initializerRange, ...options })
    this.LayerNorm = new LayerNorm(config.hiddenSize, config.layerNormEps, options)
  }

  forward(x: Tensor, residual: Tensor): Tensor {
    const projected = this.dense.forward(x) // [T, H]
    return this.LayerNorm.forwardResidual(projected, residual, this.config.hiddenDropoutProb) // [T, H]
  }
}

class Attention extends Module {
  self: SelfAttention
  output: ResidualOutput

  constructor(config: ClassifierConfig, options: TensorOptions) {
    super()
    this.self = new SelfAttention(config, options)
    this.output = new ResidualOutput(config.hiddenSize, config, options)
  }
}

/** act(x W^T + b): the first half of the feed-forward. */
export class Intermediate extends Module {
  dense: Linear

  constructor(
    readonly config: ClassifierConfig,
    options: TensorOptions,
  ) {
    super()
    this.dense = new Linear(config.hiddenSize, config.intermediateSize, {
      std: config.initializerRange,
      ...options,
    })
  }

  forward(x: Tensor): Tensor {
    if (this.config.hiddenAct === 'gelu') return this.dense.forwardGelu(x) // [T, intermediate]
    return activations[this.config.hiddenAct](this.dense.forward(x)) // [T, intermediate]
  }
}

class Layer extends Module {
  attention: Attention
  intermediate: Intermediate
  output: ResidualOutput

  constructor(config: ClassifierConfig, options: TensorOptions) {
    super()
    this.attention = new Attention(config, options)
    this.intermediate = new Intermediate(config, options)
    this.output = new ResidualOutput(config.intermediateSize, config, options)
  }

  /** @param rows when given, the first tokens of the sequences, and only their outputs are computed: [B, H] instead of [T, H] */
  forward(hidden: Tensor, batch: BatchTensors, rows?: Tensor): Tensor {
    const { self, output } = this.attention
    const context = rows ? self.forwardFirst(hidden, batch, rows) : self.forward(hidden, batch) // [T or B, H]
    const residual = rows ? ops.indexSelect(hidden, 0, rows) : hidden // [T or B, H]
    const attended = output.forward(context, residual) // [T or B, H]
    const wide = this.intermediate.forward(attended) // [T or B, intermediate]
    return this.output.forward(wide, attended) // [T or B, H]
  }
}

export class Encoder extends LayerStack {
  layer: Layer[]

  constructor(config: ClassifierConfig, options: TensorOptions) {
    super()
    this.layer = Array.from({ length: config.numHiddenLayers }, () => new Layer(config, options))
  }

  /**
   * The last layer's output for the first token of each sequence: [B, H]. A classifier reads nothing else, so
   * the last layer's feed-forward runs on B rows instead of T.
   */
  forwardFirst(embedded: Tensor, batch: BatchTensors): Tensor {
    const rows = ops.slice(batch.cuSeqlens, { start: 0, end: -1 }) // [B]
    let hidden = embedded // [T, H]
    for (const [i, layer] of this.layer.entries()) {
      const input = hidden
      const needed = i === this.layer.length - 1 ? rows : undefined
      hidden = this.runLayer(() => layer.forward(input, batch, needed)) // [T, H], last [B, H]
    }
    return hidden // [B, H]
  }

  /** The last layer's output for every token: [T, H]. */
  forward(embedded: Tensor, batch: BatchTensors): Tensor {
    let hidden = embedded // [T, H]
    for (const layer of this.layer) {
      const input = hidden
      hidden = this.runLayer(() => layer.forward(input, batch)) // [T, H]
    }
    return hidden // [T, H]
  }
}

/** Zeroes elements with probability p and scales the rest by 1/(1-p); p = 0 is the identity. */
export function dropout(x: Tensor, p: number): Tensor {
  return p === 0 ? x : fused.dropout(x, p)
}
