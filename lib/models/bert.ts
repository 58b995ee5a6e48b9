import * as ops from '../generated/ops.ts'
import { Linear } from '../nn/linear.ts'
import { Module } from '../nn/module.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import type { BatchTensors } from './batch.ts'
import { SequenceClassifier } from './classifier.ts'
import {
  type ClassifierConfig,
  type ConfigReader,
  type LabelOptions,
  readClassifierConfig,
} from './config.ts'
import { dropout, Embeddings, Encoder } from './encoder.ts'

/** tanh(W h_first + b) */
class BertPooler extends Module {
  dense: Linear

  constructor({ hiddenSize, initializerRange }: ClassifierConfig, options: TensorOptions) {
    super()
    this.dense = new Linear(hiddenSize, hiddenSize, { std: initializerRange, ...options })
  }

  /** [B, H] -> [B, H] */
  forward(first: Tensor): Tensor {
    return ops.tanh(this.dense.forward(first)) // [B, H]
  }
}

class BertModel extends Module {
  embeddings: Embeddings
  encoder: Encoder
  pooler: BertPooler

  constructor(config: ClassifierConfig, options: TensorOptions) {
    super()
    this.embeddings = new Embeddings(config, options)
    this.encoder = new Encoder(config, options)
    this.pooler = new BertPooler(config, options)
  }
}

/** BERT with a classification head; transformers' `BertForSequenceClassification`, modeling_bert.py. */
export class BertForSequenceClassification extends SequenceClassifier {
  static readonly modelType = 'bert'
  readonly basePrefix = 'bert'
  readonly headModules = ['classifier']
  readonly loraTargets = ['query', 'value']
  readonly positions = { kind: 'zero' } as const
  bert: BertModel
  classifier: Linear

  constructor(config: ClassifierConfig, options: TensorOptions = {}) {
    super(config)
    this.bert = new BertModel(config, options)
    this.classifier = new Linear(config.hiddenSize, config.labels.length, {
      std: config.initializerRange,
      ...options,
    })
  }

  /** Reads `config.json`; refuses by name what this family's forward does not follow. */
  static readConfig(reader: ConfigReader, options: LabelOptions): ClassifierConfig {
    reader.only('position_embedding_type', ['absolute'])
    reader.only('is_decoder', [false])
    return readClassifierConfig(reader, options)
  }

  get maxLength(): number {
    return this.config.maxPositionEmbeddings
  }

  encode(batch: BatchTensors): Tensor {
    const embedded = this.bert.embeddings.forward(batch) // [T, H]
    return this.bert.encoder.forwardFirst(embedded, batch) // [B, H]
  }

  head(first: Tensor): Tensor {
    const pooled = this.bert.pooler.forward(first) // [B, H]
    return this.classifier.forward(dropout(pooled, this.headDropout)) // [B, labels]
  }
}
