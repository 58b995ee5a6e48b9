import type { BatchTensors, PositionScheme, WantedRows } from '../nn/batch.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import { type DebertaConfig, readDebertaConfig } from './deberta-v2-config.ts'
import { DebertaLayers } from './deberta-v2-layers.ts'
import { Embeddings } from './embeddings.ts'
import { Encoder } from './encoder.ts'
import type { Family } from './family.ts'

/** DeBERTa-v2, v3 and mDeBERTa (He et al., 2021 and 2023); transformers' `DebertaV2Model`, modeling_deberta_v2.py. */
export class DebertaV2Encoder extends Encoder<DebertaConfig> {
  readonly positions: PositionScheme = { kind: 'zero' }
  readonly maxLength: number
  embeddings: Embeddings
  encoder: DebertaLayers

  constructor(config: DebertaConfig, options: TensorOptions = {}) {
    super(config)
    this.maxLength = config.maxPositionEmbeddings
    const { embeddingSize, positionBiasedInput: positions } = config
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

export const debertaV2: Family<DebertaConfig> = {
  modelType: 'deberta-v2',
  architecture: 'DebertaV2',
  prefix: 'deberta',
  loraTargets: ['query_proj', 'value_proj'],
  readConfig: readDebertaConfig,
  encoder: (config, options) => new DebertaV2Encoder(config, options),

  heads({
    hiddenSize,
    initializerRange: std,
    classifierDropout,
    hiddenDropoutProb,
    poolerAct,
    poolerDropout,
  }) {
    const pooler = { name: 'pooler.dense', act: poolerAct, dropout: poolerDropout }
    const plain = { hiddenSize, std, out: 'classifier' }
    return {
      sequence: { ...plain, dense: pooler, dropout: classifierDropout ?? hiddenDropoutProb },
      token: { ...plain, dropout: hiddenDropoutProb },
    }
  },
}
