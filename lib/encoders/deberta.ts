import * as fused from '../generated/fused.ts'
import * as ops from '../generated/ops.ts'
import type { BatchTensors, PositionScheme, WantedRows } from '../nn/batch.ts'
import { Embedding } from '../nn/embedding.ts'
import { Linear, type LinearLike } from '../nn/linear.ts'
import { Tensor, type TensorOptions } from '../tensor.ts'
import { Attention, Layer } from './bert-layers.ts'
import { ConfigReader, readEncoderConfig } from './config.ts'
import { DisentangledSelfAttention, type DisentangledShared, disentangledHeads } from './disentangled.ts'
import { type DisentangledConfig, readDisentangledConfig } from './disentangled-config.ts'
import { Embeddings } from './embeddings.ts'
import { Encoder } from './encoder.ts'
import type { Family } from './family.ts'
import { LayerStack } from './layer-stack.ts'

/** Field names are checkpoint keys: transformers, modeling_deberta.py. */

/** A row of the table of positions for every distance. */
const buckets = -1

/** Queries, keys and values of a head lie side by side in one product; keys have no bias. */
class DebertaSelfAttention extends DisentangledSelfAttention {
  in_proj: LinearLike
  /** [H] */
  q_bias: Tensor
  /** [H] */
  v_bias: Tensor
  pos_proj: LinearLike | null
  pos_q_proj: LinearLike | null
  protected readonly buckets = buckets

  constructor(config: DisentangledConfig, options: TensorOptions) {
    super(config)
    const { hiddenSize, relativeAttention, c2p, p2c } = config
    const std = { std: config.initializerRange, ...options }
    this.in_proj = new Linear(hiddenSize, 3 * hiddenSize, { bias: false, ...std })
    this.q_bias = this.initial('q_bias', options)
    this.v_bias = this.initial('v_bias', options)
    this.pos_proj =
      relativeAttention && c2p ? new Linear(hiddenSize, hiddenSize, { bias: false, ...std }) : null
    this.pos_q_proj = relativeAttention && p2c ? new Linear(hiddenSize, hiddenSize, std) : null
  }

  override initial(name: string, options: TensorOptions = {}): Tensor {
    if (name === 'q_bias' || name === 'v_bias') return Tensor.zeros([this.config.hiddenSize], options)
    return super.initial(name)
  }

  protected content(hidden: Tensor): Tensor {
    const { numAttentionHeads, hiddenSize } = this.config
    const size = [numAttentionHeads, hiddenSize / numAttentionHeads] // [N, D]
    const [query, value] = [ops.view(this.q_bias, size), ops.view(this.v_bias, size)]
    const bias = ops.stack([query, ops.zerosLike(query), value], 1) // [N, 3, D]
    const byHead = ops.view(this.in_proj.forward(hidden), [-1, size[0]!, 3, size[1]!]) // [T, N, 3, D]
    return ops.contiguous(ops.transpose(ops.add(byHead, bias), 1, 2)) // [T, 3, N, D]
  }

  protected contentLayers(): readonly LinearLike[] {
    return [this.in_proj]
  }

  protected positionLayers(): readonly LinearLike[] {
    return [this.pos_proj, this.pos_q_proj].filter((layer) => layer !== null)
  }
}

class DebertaLayers extends LayerStack {
  layer: Layer<DisentangledShared>[]
  rel_embeddings: Embedding | null

  constructor(
    readonly config: DisentangledConfig,
    options: TensorOptions,
  ) {
    super()
    const { hiddenSize, numHiddenLayers, maxRelativePositions, initializerRange: std } = config
    this.layer = Array.from({ length: numHiddenLayers }, () => {
      const self = new DebertaSelfAttention(config, options)
      return new Layer(new Attention(self, config, options), config, options)
    })
    this.rel_embeddings = config.relativeAttention
      ? new Embedding(2 * maxRelativePositions, hiddenSize, { std, ...options })
      : null
  }

  forward(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const { maxRelativePositions } = this.config
    const table = this.rel_embeddings?.weight
    const positions = table
      ? fused.reachablePositions(table, batch.maxSeqlen, buckets, maxRelativePositions)
      : null // [P, H], P at most 2 maxSeqlen - 1
    return this.runLayers(this.layer, { embedded, wanted }, (layer, hidden, needed) =>
      layer.forward(hidden, { batch, positions }, needed),
    ) // [rows, H]
  }
}

/** DeBERTa (He et al., 2021), of which v2 and v3 are another family; transformers' `DebertaModel`. */
export class DebertaEncoder extends Encoder<DisentangledConfig> {
  readonly positions: PositionScheme = { kind: 'zero' }
  readonly maxLength: number
  embeddings: Embeddings
  encoder: DebertaLayers

  constructor(config: DisentangledConfig, options: TensorOptions = {}) {
    super(config)
    const { embeddingSize, positionBiasedInput: positions } = config
    this.maxLength = config.maxPositionEmbeddings
    this.embeddings = new Embeddings(config, { embeddingSize, positions, ...options })
    this.encoder = new DebertaLayers(config, options)
  }

  embed(batch: BatchTensors): Tensor {
    return this.embeddings.forward(batch) // [T, H]
  }

  layers(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    return this.encoder.forward(embedded, batch, wanted) // [rows, H]
  }
}

/** transformers' defaults where they are not BERT's (configuration_deberta.py). */
const defaults = { vocab_size: 50265, type_vocab_size: 0, layer_norm_eps: 1e-7 }

export const deberta: Family<DisentangledConfig> = {
  modelType: 'deberta',
  architecture: 'Deberta',
  prefix: 'deberta',
  tokenizerClass: 'DebertaTokenizer',
  loraTargets: ['in_proj'],
  ia3Targets: ['in_proj', 'output.dense'],

  readConfig({ raw, file, bounds }) {
    const reader = new ConfigReader({ ...defaults, ...raw }, file, bounds)
    reader.only('talking_head', [false])
    return { ...readEncoderConfig(reader), ...readDisentangledConfig(reader), raw }
  },

  encoder: (config, options) => new DebertaEncoder(config, options),
  heads: disentangledHeads,
}
