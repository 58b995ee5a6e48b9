import type { BatchTensors, PositionScheme, WantedRows } from '../nn/batch.ts'
import type { LinearLike } from '../nn/linear.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import { BertLayers, Embeddings } from './bert-layers.ts'
import { type EncoderConfig, readEncoderConfig } from './config.ts'
import { Encoder } from './encoder.ts'
import type { Family } from './family.ts'

/** RoBERTa (Liu et al., 2019), BERT's layers with positions of its own; transformers' `RobertaModel`. */
export class RobertaEncoder extends Encoder {
  readonly positions: PositionScheme
  readonly maxLength: number
  embeddings: Embeddings
  encoder: BertLayers

  constructor(config: EncoderConfig, options: TensorOptions = {}) {
    super(config)
    this.positions = { kind: 'afterPadding', padTokenId: config.padTokenId }
    this.maxLength = config.maxPositionEmbeddings - config.padTokenId - 1
    this.embeddings = new Embeddings(config, options)
    this.encoder = new BertLayers(config, options)
  }

  embed(batch: BatchTensors): Tensor {
    return this.embeddings.forward(batch) // [T, H]
  }

  layers(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    return this.encoder.forward(embedded, batch, wanted) // [rows, H]
  }

  override firstTokenLayers(): readonly LinearLike[] {
    return this.encoder.firstTokenLayers()
  }
}

const body: Omit<Family, 'modelType' | 'architecture'> = {
  prefix: 'roberta',
  loraTargets: ['query', 'value'],

  readConfig(reader) {
    reader.only('position_embedding_type', ['absolute'])
    reader.only('is_decoder', [false])
    return {
      ...readEncoderConfig(reader),
      padTokenId: reader.count('pad_token_id', { fallback: 1, least: 0 }),
    }
  },

  encoder: (config, options) => new RobertaEncoder(config, options),

  heads({ hiddenSize, initializerRange: std, classifierDropout, hiddenDropoutProb }) {
    const dropout = classifierDropout ?? hiddenDropoutProb
    const dense = { name: 'classifier.dense', act: 'tanh', dropout } as const
    return {
      sequence: { hiddenSize, std, dense, out: 'classifier.out_proj', dropout },
      token: { hiddenSize, std, out: 'classifier', dropout },
    }
  },
}

export const roberta: Family = { ...body, modelType: 'roberta', architecture: 'Roberta' }

/** XLM-RoBERTa (Conneau et al., 2020): RoBERTa's body under another tokenizer. */
export const xlmRoberta: Family = { ...body, modelType: 'xlm-roberta', architecture: 'XLMRoberta' }

/** CamemBERT (Martin et al., 2020): likewise. */
export const camembert: Family = { ...body, modelType: 'camembert', architecture: 'Camembert' }
