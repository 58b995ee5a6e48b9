import { selfAttention, wantedRows } from '../nn/attention.ts'
import type { BatchTensors, WantedRows } from '../nn/batch.ts'
import { activatedLinear } from '../nn/feed-forward.ts'
import { LayerNorm } from '../nn/layer-norm.ts'
import { type FusedGroup, FusingModule, Linear, type LinearLike, type RowKind } from '../nn/linear.ts'
import { Module } from '../nn/module.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import type { EncoderConfig } from './config.ts'
import { LayerStack } from './layer-stack.ts'

/**
 * The layers that BERT (Devlin et al., 2019), RoBERTa (Liu et al., 2019) and ELECTRA share, on packed sequences, and
 * their parts, of which other families build theirs. Field names are checkpoint keys: transformers, modeling_bert.py.
 */

/** Attention within each sequence, over what `Shared` holds for all layers: the context of each token. */
export abstract class ContextModule<Shared> extends FusingModule {
  /** [T, H] -> [T, H], or [R, H] for R wanted rows */
  abstract forward(hidden: Tensor, shared: Shared, wanted?: WantedRows): Tensor
}

/** softmax(QK^T / sqrt(D)) V within each sequence. */
class BertSelfAttention extends ContextModule<BatchTensors> {
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

  forward(hidden: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const { numAttentionHeads: heads, attentionProbsDropoutProb } = this.config
    const dropout = this.training ? attentionProbsDropoutProb : 0
    return selfAttention(hidden, batch, {
      layers: [this.query, this.key, this.value],
      heads,
      dropout,
      wanted,
    }) // [rows, H]
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

/** What a layer begins with: LN(x + dropout(W_o context + b_o)). */
export interface AttentionBlock<Shared> extends Module {
  /** [T, H] -> [T, H], or [R, H] for R wanted rows */
  forward(hidden: Tensor, shared: Shared, wanted?: WantedRows): Tensor
}

/** Attention as most checkpoints lay it out: `self` gives the context, `output` the rest. */
export class Attention<Shared> extends Module implements AttentionBlock<Shared> {
  self: ContextModule<Shared>
  output: ResidualOutput

  constructor(self: ContextModule<Shared>, config: EncoderConfig, options: TensorOptions) {
    super()
    this.self = self
    this.output = new ResidualOutput(config.hiddenSize, config, options)
  }

  forward(hidden: Tensor, shared: Shared, wanted?: WantedRows): Tensor {
    const context = this.self.forward(hidden, shared, wanted) // [rows, H]
    return this.output.forward(context, wantedRows(hidden, wanted), wanted ? 'wanted' : 'token') // [rows, H]
  }
}

/** act(x W^T + b): the first half of the feed-forward. */
class Intermediate extends Module {
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
    return activatedLinear(x, this.dense, { act: this.config.hiddenAct, rows }) // [rows, intermediate]
  }
}

/** Attention, then LN(x + dropout(W_2 act(W_1 x + b_1) + b_2)). */
export class Layer<Shared, A extends AttentionBlock<Shared> = AttentionBlock<Shared>> extends Module {
  attention: A
  intermediate: Intermediate
  output: ResidualOutput

  constructor(attention: A, config: EncoderConfig, options: TensorOptions) {
    super()
    this.attention = attention
    this.intermediate = new Intermediate(config, options)
    this.output = new ResidualOutput(config.intermediateSize, config, options)
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows */
  forward(hidden: Tensor, shared: Shared, wanted?: WantedRows): Tensor {
    const rows = wanted ? 'wanted' : 'token'
    const attended = this.attention.forward(hidden, shared, wanted) // [rows, H]
    const wide = this.intermediate.forward(attended, rows) // [rows, intermediate]
    return this.output.forward(wide, attended, rows) // [rows, H]
  }
}

export class BertLayers extends LayerStack {
  layer: Layer<BatchTensors, Attention<BatchTensors>>[]

  constructor(config: EncoderConfig, options: TensorOptions) {
    super()
    this.layer = Array.from({ length: config.numHiddenLayers }, () => {
      const self = new BertSelfAttention(config, options)
      return new Layer(new Attention(self, config, options), config, options)
    })
  }

  /** As `Encoder.firstTokenLayers`. */
  firstTokenLayers(): readonly LinearLike[] {
    return this.layer.at(-1)!.attention.self.fusedGroups()[0]!.layers
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows, for which alone the last layer's feed-forward runs. */
  forward(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    return this.runLayers(this.layer, { embedded, wanted }, (layer, hidden, needed) =>
      layer.forward(hidden, batch, needed),
    ) // [rows, H]
  }
}
