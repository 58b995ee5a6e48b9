import * as fused from '../generated/fused.ts'
import * as ops from '../generated/ops.ts'
import { activations } from '../nn/activation.ts'
import { wantedRows } from '../nn/attention.ts'
import type { BatchTensors, WantedRows } from '../nn/batch.ts'
import { dropout } from '../nn/dropout.ts'
import { Embedding } from '../nn/embedding.ts'
import * as init from '../nn/init.ts'
import { LayerNorm } from '../nn/layer-norm.ts'
import { fusedLinear, Linear, type LinearLike } from '../nn/linear.ts'
import { Module } from '../nn/module.ts'
import { Tensor, type TensorOptions } from '../tensor.ts'
import { Attention, Layer } from './bert-layers.ts'
import type { DebertaV2Config } from './deberta-v2-config.ts'
import { DisentangledSelfAttention, type DisentangledShared } from './disentangled.ts'
import { LayerStack } from './layer-stack.ts'

/**
 * The layers of DeBERTa-v2 and v3 (He et al., 2021 and 2023), on packed sequences. Field names are checkpoint keys:
 * transformers, modeling_deberta_v2.py.
 */

/** With `shareAttKey` query_proj and key_proj project positions too, so that a low-rank update of those acts on both. */
class DebertaV2SelfAttention extends DisentangledSelfAttention {
  query_proj: LinearLike
  key_proj: LinearLike
  value_proj: LinearLike
  pos_key_proj: LinearLike | null
  pos_query_proj: LinearLike | null
  protected readonly buckets: number

  constructor(
    override readonly config: DebertaV2Config,
    options: TensorOptions,
  ) {
    super(config)
    this.buckets = config.positionBuckets
    const linear = () =>
      new Linear(config.hiddenSize, config.hiddenSize, { std: config.initializerRange, ...options })
    this.query_proj = linear()
    this.key_proj = linear()
    this.value_proj = linear()
    const own = config.relativeAttention && !config.shareAttKey
    this.pos_key_proj = own && config.c2p ? linear() : null
    this.pos_query_proj = own && config.p2c ? linear() : null
  }

  protected content(hidden: Tensor): Tensor {
    const { numAttentionHeads, hiddenSize } = this.config
    const qkv = fusedLinear(hidden, this.contentLayers()) // [T, 3H]
    return ops.view(qkv, [-1, 3, numAttentionHeads, hiddenSize / numAttentionHeads]) // [T, 3, N, D]
  }

  protected contentLayers(): readonly LinearLike[] {
    return [this.query_proj, this.key_proj, this.value_proj]
  }

  protected positionLayers(): readonly LinearLike[] {
    const { c2p, p2c } = this.config
    return [
      ...(c2p ? [this.pos_key_proj ?? this.key_proj] : []),
      ...(p2c ? [this.pos_query_proj ?? this.query_proj] : []),
    ]
  }
}

/** A convolution along each sequence, zeros beyond its ends; `torch.nn.Conv1d`. */
class SequenceConvolution extends Module {
  /** [H, H, kernelSize] */
  weight: Tensor
  /** [H] */
  bias: Tensor

  constructor(
    readonly size: number,
    readonly kernelSize: number,
    readonly std: number,
    options: TensorOptions,
  ) {
    super()
    this.weight = this.initial('weight', options)
    this.bias = this.initial('bias', options)
  }

  override initial(name: string, options: TensorOptions = {}): Tensor {
    if (name === 'weight') return init.normal([this.size, this.size, this.kernelSize], this.std, options)
    if (name === 'bias') return Tensor.zeros([this.size], options)
    return super.initial(name)
  }

  /** [T, H] -> [T or rows, H] */
  forward(x: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const unfolded = fused.unfoldSequences(x, batch.cuSeqlens, this.kernelSize) // [T, H k]
    const needed = wantedRows(unfolded, wanted) // [T or rows, H k]
    const kernel = ops.reshape(this.weight, [this.size, -1]) // [H, H k]
    return fused.linear(needed, [kernel], [this.bias], [], [], []) // [T or rows, H]
  }
}

/** LN(output of the first layer + act(dropout(conv(embedded)))): the n-gram induced input of v2. */
class ConvLayer extends Module {
  conv: SequenceConvolution
  LayerNorm: LayerNorm

  constructor(
    readonly config: DebertaV2Config,
    readonly options: NonNullable<DebertaV2Config['conv']>,
    tensorOptions: TensorOptions,
  ) {
    super()
    const { hiddenSize, layerNormEps, initializerRange } = config
    this.conv = new SequenceConvolution(hiddenSize, options.kernelSize, initializerRange, tensorOptions)
    this.LayerNorm = new LayerNorm(hiddenSize, layerNormEps, tensorOptions)
  }

  forward(embedded: Tensor, output: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const convolved = this.conv.forward(embedded, batch, wanted) // [T or rows, H]
    const dropped = dropout(convolved, this.training ? this.config.hiddenDropoutProb : 0)
    return this.LayerNorm.forwardResidual(activations[this.options.act](dropped), output, 0) // [T or rows, H]
  }
}

export class DebertaV2Layers extends LayerStack {
  layer: Layer<DisentangledShared>[]
  rel_embeddings: Embedding | null
  LayerNorm: LayerNorm | null
  conv: ConvLayer | null

  constructor(
    readonly config: DebertaV2Config,
    options: TensorOptions,
  ) {
    super()
    const { hiddenSize, layerNormEps, initializerRange, positionBuckets, maxRelativePositions } = config
    const span = positionBuckets > 0 ? positionBuckets : maxRelativePositions
    this.layer = Array.from({ length: config.numHiddenLayers }, () => {
      const self = new DebertaV2SelfAttention(config, options)
      return new Layer(new Attention(self, config, options), config, options)
    })
    this.rel_embeddings = config.relativeAttention
      ? new Embedding(2 * span, hiddenSize, { std: initializerRange, ...options })
      : null
    this.LayerNorm = config.normRelativeEmbeddings ? new LayerNorm(hiddenSize, layerNormEps, options) : null
    this.conv = config.conv ? new ConvLayer(config, config.conv, options) : null
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows, for which alone the last layer's feed-forward runs. */
  forward(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const positions = this.#positions(batch) // [P, H]
    return this.runLayers(this.layer, { embedded, wanted }, (layer, hidden, needed, i) => {
      const output = layer.forward(hidden, { batch, positions }, needed) // [T, H], last [rows, H]
      return i === 0 && this.conv ? this.conv.forward(embedded, output, batch, needed) : output // [T, H], last [rows, H]
    }) // [rows, H]
  }

  /** The relative embeddings that the batch's distances reach: [P, H], P at most 2 maxSeqlen - 1. */
  #positions({ maxSeqlen }: BatchTensors): Tensor | null {
    const { positionBuckets, maxRelativePositions } = this.config
    if (!this.rel_embeddings) return null
    const reached = fused.reachablePositions(
      this.rel_embeddings.weight,
      maxSeqlen,
      positionBuckets,
      maxRelativePositions,
    ) // [P, H]
    return this.LayerNorm ? this.LayerNorm.forward(reached) : reached // [P, H]
  }
}
