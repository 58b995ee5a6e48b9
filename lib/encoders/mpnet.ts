import * as ops from '../generated/ops.ts'
import { wantedRows } from '../nn/attention.ts'
import { type BatchTensors, longestSequence, type PositionScheme, type WantedRows } from '../nn/batch.ts'
import { biasedAttention, biasTable } from '../nn/biased-attention.ts'
import { Embedding } from '../nn/embedding.ts'
import { LayerNorm } from '../nn/layer-norm.ts'
import { type FusedGroup, FusingModule, fusedLinear, Linear, type LinearLike } from '../nn/linear.ts'
import { Module } from '../nn/module.ts'
import type { Device, Tensor, TensorOptions } from '../tensor.ts'
import { type AttentionBlock, Layer } from './bert-layers.ts'
import { type EncoderConfig, lmHeadLayout, readEncoderConfig } from './config.ts'
import { Embeddings } from './embeddings.ts'
import { Encoder } from './encoder.ts'
import type { Family } from './family.ts'
import { LayerStack } from './layer-stack.ts'

/** Field names are checkpoint keys: transformers, modeling_mpnet.py. */

/** What all layers read. */
interface Shared {
  batch: BatchTensors
  /** [P, N, D + 1], of `biasTable` */
  bias: Tensor
}

/** Buckets of distances: half for keys before the query, half for those behind it. */
const buckets = 32
/** From here on a distance is in the outermost bucket of its side. */
const maxDistance = 128
/** Of the embeddings' tables, whatever config.json calls the padding token: positions begin behind it. */
const paddingRow = 1

/** softmax(QK^T / sqrt(D) + bias) V W_o^T + b_o within each sequence. */
class MPNetSelfAttention extends FusingModule {
  q: LinearLike
  k: LinearLike
  v: LinearLike
  o: LinearLike

  constructor(
    readonly config: EncoderConfig,
    options: TensorOptions,
  ) {
    super()
    const { hiddenSize, initializerRange: std } = config
    const linear = () => new Linear(hiddenSize, hiddenSize, { std, ...options })
    this.q = linear()
    this.k = linear()
    this.v = linear()
    this.o = linear()
  }

  fusedGroups(): FusedGroup[] {
    return [{ layers: [this.q, this.k, this.v], rows: 'token' }]
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows */
  forward(hidden: Tensor, { batch, bias }: Shared, wanted?: WantedRows): Tensor {
    const { numAttentionHeads, hiddenSize, attentionProbsDropoutProb } = this.config
    const dropout = this.training ? attentionProbsDropoutProb : 0
    const qkv = fusedLinear(hidden, [this.q, this.k, this.v]) // [T, 3H]
    const headSize = hiddenSize / numAttentionHeads
    const heads = ops.view(qkv, [-1, 3, numAttentionHeads, headSize]) // [T, 3, N, D]
    const attended = biasedAttention(heads, batch, { bias, headSize, maxDistance, dropout }) // [T, N, D]
    const context = wantedRows(ops.reshape(attended, [-1, hiddenSize]), wanted) // [rows, H]
    return this.o.forward(context, { rows: wanted ? 'wanted' : 'token' }) // [rows, H]
  }
}

class Attention extends Module implements AttentionBlock<Shared> {
  attn: MPNetSelfAttention
  LayerNorm: LayerNorm

  constructor(
    readonly config: EncoderConfig,
    options: TensorOptions,
  ) {
    super()
    this.attn = new MPNetSelfAttention(config, options)
    this.LayerNorm = new LayerNorm(config.hiddenSize, config.layerNormEps, options)
  }

  forward(hidden: Tensor, shared: Shared, wanted?: WantedRows): Tensor {
    const attended = this.attn.forward(hidden, shared, wanted) // [rows, H]
    const residual = wantedRows(hidden, wanted) // [rows, H]
    return this.LayerNorm.forwardResidual(attended, residual, this.config.hiddenDropoutProb) // [rows, H]
  }
}

class MPNetLayers extends LayerStack {
  layer: Layer<Shared>[]
  relative_attention_bias: Embedding

  constructor(
    readonly config: EncoderConfig,
    { buckets, ...options }: TensorOptions & { buckets: number },
  ) {
    super()
    const { numHiddenLayers, numAttentionHeads, initializerRange: std } = config
    this.layer = Array.from(
      { length: numHiddenLayers },
      () => new Layer(new Attention(config, options), config, options),
    )
    this.relative_attention_bias = new Embedding(buckets, numAttentionHeads, { std, ...options })
  }

  forward(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const { hiddenSize, numAttentionHeads } = this.config
    const { weight } = this.relative_attention_bias
    const byDistance = ops.indexSelect(weight, 0, bucketOfDistance(weight.device)) // [2 maxDistance, N]
    const headSize = hiddenSize / numAttentionHeads
    const shared = { batch, bias: biasTable(byDistance, batch, { headSize, maxDistance }) }
    return this.runLayers(this.layer, { embedded, wanted }, (layer, hidden, needed) =>
      layer.forward(hidden, shared, needed),
    ) // [rows, H]
  }
}

/**
 * The bucket of each distance i - j from -maxDistance to maxDistance - 1, i the query, j the key: one each up to 7
 * tokens, wider by powers beyond; int64 [2 maxDistance]. Types and order of operations follow transformers
 * (`MPNetEncoder.relative_position_bucket`), so that every distance has its bucket.
 */
function bucketOfDistance(device: Device): Tensor {
  const side = buckets / 2
  const exact = side / 2
  const distance = ops.arange(-maxDistance, maxDistance, { dtype: 'int64', device }) // [2 maxDistance]
  const size = ops.abs(distance)
  const powers = ops.div(
    ops.log(ops.div(size.to({ dtype: 'float32' }), exact)),
    Math.log(maxDistance / exact),
  )
  const far = ops.add(ops.mul(powers, side - exact).to({ dtype: 'int64' }), exact)
  const own = ops.where(ops.lt(size, exact), size, ops.clamp(far, { max: side - 1 }))
  return ops.add(own, ops.mul(ops.lt(distance, 0).to({ dtype: 'int64' }), side)) // keys behind the query
}

interface MPNetConfig extends EncoderConfig {
  /** Rows of the table of biases, of which the first 32 are used. */
  relativeAttentionNumBuckets: number
}

/** MPNet (Song et al., 2020): BERT's layers under a relative bias; transformers' `MPNetModel`. */
export class MPNetEncoder extends Encoder<MPNetConfig> {
  readonly positions: PositionScheme = { kind: 'afterPadding', padTokenId: paddingRow }
  readonly maxLength: number
  embeddings: Embeddings
  encoder: MPNetLayers

  constructor(config: MPNetConfig, options: TensorOptions = {}) {
    super(config)
    this.maxLength = longestSequence(this.positions, config.maxPositionEmbeddings)
    this.embeddings = new Embeddings(config, options)
    this.encoder = new MPNetLayers(config, { buckets: config.relativeAttentionNumBuckets, ...options })
  }

  embed(batch: BatchTensors): Tensor {
    return this.embeddings.forward(batch) // [T, H]
  }

  layers(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    return this.encoder.forward(embedded, batch, wanted) // [rows, H]
  }
}

export const mpnet: Family<MPNetConfig> = {
  modelType: 'mpnet',
  architecture: 'MPNet',
  prefix: 'mpnet',
  tokenizerClass: 'MPNetTokenizer',
  loraTargets: ['q', 'v'],

  readConfig(reader) {
    const relativeAttentionNumBuckets = reader.size('relative_attention_num_buckets', buckets)
    if (relativeAttentionNumBuckets < buckets)
      throw reader.wrong(
        'relative_attention_num_buckets',
        `at least ${buckets}, which MPNet's distances need`,
        relativeAttentionNumBuckets,
      )
    return {
      ...readEncoderConfig(reader),
      typeVocabSize: 0,
      classifierDropout: null,
      padTokenId: reader.count('pad_token_id', { fallback: paddingRow, least: 0 }),
      relativeAttentionNumBuckets,
    }
  },

  encoder: (config, options) => new MPNetEncoder(config, options),

  heads(config) {
    const { hiddenSize, initializerRange: std, hiddenDropoutProb: dropout } = config
    const dense = { name: 'classifier.dense', act: 'tanh', dropout } as const
    return {
      sequence: { hiddenSize, std, dense, out: 'classifier.out_proj', dropout },
      token: { hiddenSize, std, out: 'classifier', dropout },
      maskedLm: lmHeadLayout(config),
    }
  },
}
