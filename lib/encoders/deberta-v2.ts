import type { BatchTensors, PositionScheme, WantedRows } from '../nn/batch.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import { type DebertaV2Config, readDebertaV2Config } from './deberta-v2-config.ts'
import { DebertaV2Layers } from './deberta-v2-layers.ts'
import { disentangledHeads } from './disentangled.ts'
import { Embeddings } from './embeddings.ts'
import { Encoder } from './encoder.ts'
import type { Family } from './family.ts'

/** DeBERTa-v2, v3 and mDeBERTa (He et al., 2021 and 2023); transformers' `DebertaV2Model`, modeling_deberta_v2.py. */
export class DebertaV2Encoder extends Encoder<DebertaV2Config> {
  readonly positions: PositionScheme = { kind: 'zero' }
  readonly maxLength: number
  embeddings: Embeddings
  encoder: DebertaV2Layers

  constructor(config: DebertaV2Config, options: TensorOptions = {}) {
    super(config)
    this.maxLength = config.maxPositionEmbeddings
    const { embeddingSize, positionBiasedInput: positions } = config
    this.embeddings = new Embeddings(config, { embeddingSize, positions, ...options })
    this.encoder = new DebertaV2Layers(config, options)
  }

  embed(batch: BatchTensors): Tensor {
    return this.embeddings.forward(batch) // [T, H]
  }

  layers(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    return this.encoder.forward(embedded, batch, wanted) // [rows, H]
  }
}

export const debertaV2: Family<DebertaV2Config> = {
  modelType: 'deberta-v2',
  architecture: 'DebertaV2',
  prefix: 'deberta',
  tokenizerClass: 'DebertaV2Tokenizer',
  loraTargets: ['query_proj', 'value_proj'],
  ia3Targets: ['key_proj', 'value_proj', 'output.dense'],
  readConfig: readDebertaV2Config,
  encoder: (config, options) => new DebertaV2Encoder(config, options),

  heads: disentangledHeads,
}
