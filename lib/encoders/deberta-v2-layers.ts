import * as fused from '../generated/fused.ts'
import * as ops from '../generated/ops.ts'
import { activations } from '../nn/activation.ts'
import type { BatchTensors, WantedRows } from '../nn/batch.ts'
import { dropout } from '../nn/dropout.ts'
import { Embedding } from '../nn/embedding.ts'
import * as init from '../nn/init.ts'
import { LayerNorm } from '../nn/layer-norm.ts'
import { type FusedGroup, FusingModule, fusedLinear, Linear, type LinearLike } from '../nn/linear.ts'
import { Module } from '../nn/module.ts'
import { Tensor, type TensorOptions } from '../tensor.ts'
import { Intermediate, ResidualOutput } from './bert-layers.ts'
import type { DebertaConfig } from './deberta-v2-config.ts'
import { LayerStack } from './layer-stack.ts'

/**
 * The layers of DeBERTa-v2 and v3 (He et al., 2021 and 2023), on packed sequences. Field names are checkpoint keys:
 * transformers, modeling_deberta_v2.py.
 */

/** LN(word + position + token type), projected to the hidden size where embeddings are of another, then dropout. */
export class DebertaEmbeddings extends Module {
  word_embeddings: Embedding
  position_embeddings: Embedding | null
  token_type_embeddings: Embedding | null
  embed_proj: LinearLike | null
  LayerNorm: LayerNorm

  constructor(
    readonly config: DebertaConfig,
    options: TensorOptions,
  ) {
    super()
    const { embeddingSize, hiddenSize } = config
    const std = { std: config.initializerRange, ...options }
    const embedding = (count: number) => new Embedding(count, embeddingSize, std)
    this.word_embeddings = embedding(config.vocabSize)
    this.position_embeddings = config.positionBiasedInput ? embedding(config.maxPositionEmbeddings) : null
    this.token_type_embeddings = config.typeVocabSize > 0 ? embedding(config.typeVocabSize) : null
    this.embed_proj =
      embeddingSize === hiddenSize ? null : new Linear(embeddingSize, hiddenSize, { bias: false, ...std })
    this.LayerNorm = new LayerNorm(hiddenSize, config.layerNormEps, options)
  }

  forward(batch: BatchTensors): Tensor {
    let sum = this.word_embeddings.forward(batch.inputIds) // [T, E]
    if (this.position_embeddings) sum = ops.add(sum, this.position_embeddings.forward(batch.positionIds)) // [T, E]
    if (this.token_type_embeddings) sum = ops.add(sum, this.token_type_embeddings.forward(batch.tokenTypeIds)) // [T, E]
    if (this.embed_proj) sum = this.embed_proj.forward(sum) // [T, H]
    return dropout(this.LayerNorm.forward(sum), this.training ? this.config.hiddenDropoutProb : 0) // [T, H]
  }
}

/**
 * softmax(scale (Q K^T + Q PK[c(i - j)]^T + K PQ[c(i - j)]^T)) V within each sequence; scale is 1/sqrt(D * terms).
 * The positions are projected once a batch: with `shareAttKey` by query_proj and key_proj themselves, so that a
 * low-rank update of those acts on positions too.
 */
class DisentangledSelfAttention extends FusingModule {
  query_proj: LinearLike
  key_proj: LinearLike
  value_proj: LinearLike
  pos_key_proj: LinearLike | null
  pos_query_proj: LinearLike | null

  constructor(
    readonly config: DebertaConfig,
    options: TensorOptions,
  ) {
    super()
    const linear = () =>
      new Linear(config.hiddenSize, config.hiddenSize, { std: config.initializerRange, ...options })
    this.query_proj = linear()
    this.key_proj = linear()
    this.value_proj = linear()
    const own = config.relativeAttention && !config.shareAttKey
    this.pos_key_proj = own && config.c2p ? linear() : null
    this.pos_query_proj = own && config.p2c ? linear() : null
  }

  /** @param positions the relative embeddings in reach, [P, H]; null without relative attention */
  forward(hidden: Tensor, batch: BatchTensors, positions: Tensor | null): Tensor {
    const { numAttentionHeads, hiddenSize, c2p, p2c, positionBuckets, maxRelativePositions } = this.config
    const headSize = hiddenSize / numAttentionHeads
    // transformers takes this root in float32 whatever the model's dtype; float64 shows the difference.
    const scale = 1 / Math.fround(Math.sqrt(headSize * (1 + Number(c2p) + Number(p2c))))
    const dropoutP = this.training ? this.config.attentionProbsDropoutProb : 0
    const qkv = fusedLinear(hidden, [this.query_proj, this.key_proj, this.value_proj]) // [T, 3H]
    const heads = ops.view(qkv, [-1, 3, numAttentionHeads, headSize]) // [T, 3, N, D]
    const { key, query } = this.#projected(positions) // [P, N, D] each
    const context =
      key || query
        ? fused.disentangledAttention(
            heads,
            key,
            query,
            batch.cuSeqlens,
            batch.maxSeqlen,
            positionBuckets,
            maxRelativePositions,
            { dropoutP, scale },
          )
        : fused.varlenAttention(heads, batch.cuSeqlens, batch.maxSeqlen, { dropoutP, scale }) // [T, N, D]
    return ops.view(context, [-1, hiddenSize]) // [T, H]
  }

  fusedGroups(): FusedGroup[] {
    const content: FusedGroup = { layers: [this.query_proj, this.key_proj, this.value_proj], rows: 'token' }
    const projections = this.#projections()
    return projections.length > 0 ? [content, { layers: projections, rows: 'position' }] : [content]
  }

  /** What projects the relative positions: for keys, then for queries. */
  #projections(): LinearLike[] {
    const { relativeAttention, c2p, p2c } = this.config
    if (!relativeAttention) return []
    return [
      ...(c2p ? [this.pos_key_proj ?? this.key_proj] : []),
      ...(p2c ? [this.pos_query_proj ?? this.query_proj] : []),
    ]
  }

  #projected(positions: Tensor | null): { key: Tensor | null; query: Tensor | null } {
    const { c2p, p2c, numAttentionHeads, hiddenSize, hiddenDropoutProb } = this.config
    const layers = this.#projections()
    if (!positions || layers.length === 0) return { key: null, query: null }
    const dropped = dropout(positions, this.training ? hiddenDropoutProb : 0) // [P, H]
    const tables = ops.view(fusedLinear(dropped, layers, { rows: 'position' }), [
      -1,
      layers.length,
      numAttentionHeads,
      hiddenSize / numAttentionHeads,
    ]) // [P, c2p + p2c, N, D]
    return {
      key: c2p ? ops.select(tables, 1, 0) : null,
      query: p2c ? ops.select(tables, 1, layers.length - 1) : null,
    }
  }
}

class Attention extends Module {
  self: DisentangledSelfAttention
  output: ResidualOutput

  constructor(config: DebertaConfig, options: TensorOptions) {
    super()
    this.self = new DisentangledSelfAttention(config, options)
    this.output = new ResidualOutput(config.hiddenSize, config, options)
  }
}

class Layer extends Module {
  attention: Attention
  intermediate: Intermediate
  output: ResidualOutput

  constructor(config: DebertaConfig, options: TensorOptions) {
    super()
    this.attention = new Attention(config, options)
    this.intermediate = new Intermediate(config, options)
    this.output = new ResidualOutput(config.intermediateSize, config, options)
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows */
  forward(hidden: Tensor, batch: BatchTensors, positions: Tensor | null, wanted?: WantedRows): Tensor {
    const rows = wanted ? 'wanted' : 'token'
    const context = this.attention.self.forward(hidden, batch, positions) // [T, H]
    const queried = wanted ? ops.indexSelect(context, 0, wanted.indices) : context // [rows, H]
    const residual = wanted ? ops.indexSelect(hidden, 0, wanted.indices) : hidden // [rows, H]
    const attended = this.attention.output.forward(queried, residual, rows) // [rows, H]
    const wide = this.intermediate.forward(attended, rows) // [rows, intermediate]
    return this.output.forward(wide, attended, rows) // [rows, H]
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
    const needed = wanted ? ops.indexSelect(unfolded, 0, wanted.indices) : unfolded // [T or rows, H k]
    const kernel = ops.reshape(this.weight, [this.size, -1]) // [H, H k]
    return fused.linear(needed, [kernel], [this.bias], [], [], []) // [T or rows, H]
  }
}

/** LN(output of the first layer + act(dropout(conv(embedded)))): the n-gram induced input of v2. */
class ConvLayer extends Module {
  conv: SequenceConvolution
  LayerNorm: LayerNorm

  constructor(
    readonly config: DebertaConfig,
    readonly options: NonNullable<DebertaConfig['conv']>,
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

export class DebertaLayers extends LayerStack {
  layer: Layer[]
  rel_embeddings: Embedding | null
  LayerNorm: LayerNorm | null
  conv: ConvLayer | null

  constructor(
    readonly config: DebertaConfig,
    options: TensorOptions,
  ) {
    super()
    const { hiddenSize, layerNormEps, initializerRange, positionBuckets, maxRelativePositions } = config
    const span = positionBuckets > 0 ? positionBuckets : maxRelativePositions
    this.layer = Array.from({ length: config.numHiddenLayers }, () => new Layer(config, options))
    this.rel_embeddings = config.relativeAttention
      ? new Embedding(2 * span, hiddenSize, { std: initializerRange, ...options })
      : null
    this.LayerNorm = config.normRelativeEmbeddings ? new LayerNorm(hiddenSize, layerNormEps, options) : null
    this.conv = config.conv ? new ConvLayer(config, config.conv, options) : null
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows, for which alone the last layer's feed-forward runs. */
  forward(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const positions = this.#positions(batch) // [P, H]
    let hidden = embedded // [T, H]
    for (const [i, layer] of this.layer.entries()) {
      const needed = i === this.layer.length - 1 ? wanted : undefined
      const input = hidden
      hidden = this.runLayer(() => layer.forward(input, batch, positions, needed)) // [T, H], last [rows, H]
      if (i === 0 && this.conv) hidden = this.conv.forward(embedded, hidden, batch, needed) // [T, H], last [rows, H]
    }
    return hidden // [rows, H]
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
