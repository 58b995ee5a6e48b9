import { type BatchTensors, longestSequence, type PositionScheme, type WantedRows } from '../nn/batch.ts'
import type { LinearLike } from '../nn/linear.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import { BertLayers } from './bert-layers.ts'
import { type EncoderConfig, languageLayout, readEncoderConfig } from './config.ts'
import { Embeddings } from './embeddings.ts'
import { Encoder } from './encoder.ts'
import type { Family } from './family.ts'

/**
 * BERT (Devlin et al., 2019); transformers' `BertModel`, modeling_bert.py. RoBERTa (`RobertaModel`) numbers positions
 * in another way and is the same else.
 */
export class BertEncoder extends Encoder {
  readonly positions: PositionScheme
  readonly maxLength: number
  embeddings: Embeddings
  encoder: BertLayers

  constructor(
    config: EncoderConfig,
    {
      positions = { kind: 'zero' },
      ...options
    }: TensorOptions & { positions?: PositionScheme | undefined } = {},
  ) {
    super(config)
    this.positions = positions
    this.maxLength = longestSequence(positions, config.maxPositionEmbeddings)
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

export const bert: Family = {
  modelType: 'bert',
  architecture: 'Bert',
  prefix: 'bert',
  tokenizerClass: 'BertTokenizer',
  loraTargets: ['query', 'value'],
  ia3Targets: ['key', 'value', 'output.dense'],

  readConfig(reader) {
    reader.only('position_embedding_type', ['absolute'])
    reader.only('is_decoder', [false])
    return readEncoderConfig(reader)
  },

  encoder: (config, options) => new BertEncoder(config, options),

  heads(config) {
    const { hiddenSize, initializerRange: std, classifierDropout, hiddenDropoutProb } = config
    const plain = { hiddenSize, std, out: 'classifier', dropout: classifierDropout ?? hiddenDropoutProb }
    const pooler = { name: 'bert.pooler.dense', act: 'tanh', dropout: 0 } as const
    const transform = 'cls.predictions.transform'
    const maskedLm = {
      ...languageLayout(config),
      dense: `${transform}.dense`,
      norm: `${transform}.LayerNorm`,
      bias: 'cls.predictions',
    }
    return { sequence: { ...plain, dense: pooler }, token: plain, maskedLm }
  },
}
