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

class RobertaModel extends Module {
  embeddings: Embeddings
  encoder: Encoder

  constructor(config: ClassifierConfig, options: TensorOptions) {
    super()
    this.embeddings = new Embeddings(config, options)
    this.encoder = new Encoder(config, options)
  }
}

/** W_out tanh(W h_first + b) + b_out, dropout before each product. */
class RobertaClassificationHead extends Module {
  dense: Linear
  out_proj: Linear

  constructor({ hiddenSize, labels, initializerRange }: ClassifierConfig, options: TensorOptions) {
    super()
    const std = { std: initializerRange, ...options }
    this.dense = new Linear(hiddenSize, hiddenSize, std)
    this.out_proj = new Linear(hiddenSize, labels.length, std)
  }

  /** [B, H] -> [B, labels] */
  forward(first: Tensor, p: number): Tensor {
    const dense = ops.tanh(this.dense.forward(dropout(first, p))) // [B, H]
    return this.out_proj.forward(dropout(dense, p)) // [B, labels]
  }
}

/** RoBERTa with a classification head; transformers' `RobertaForSequenceClassification`, modeling_roberta.py. */
export class RobertaForSequenceClassification extends SequenceClassifier {
  static readonly modelType = 'roberta'
  readonly basePrefix = 'roberta'
  readonly headModules = ['classifier']
  readonly loraTargets = ['query', 'value']
  roberta: RobertaModel
  classifier: RobertaClassificationHead

  constructor(config: ClassifierConfig, options: TensorOptions = {}) {
    super(config)
    this.roberta = new RobertaModel(config, options)
    this.classifier = new RobertaClassificationHead(config, options)
  }

  /** Reads `config.json`; refuses by name what this family's forward does not follow. */
  static readConfig(reader: ConfigReader, options: LabelOptions): ClassifierConfig {
    reader.only('position_embedding_type', ['absolute'])
    reader.only('is_decoder', [false])
    const config = readClassifierConfig(reader, options)
    return { ...config, padTokenId: reader.number('pad_token_id', 1) }
  }

  get positions() {
    return { kind: 'afterPadding', padTokenId: this.config.padTokenId } as const
  }

  get maxLength(): number {
    return this.config.maxPositionEmbeddings - this.config.padTokenId - 1
  }

  encode(batch: BatchTensors): Tensor {
    const embedded = this.roberta.embeddings.forward(batch) // [T, H]
    return this.roberta.encoder.forwardFirst(embedded, batch) // [B, H]
  }

  head(first: Tensor): Tensor {
    return this.classifier.forward(first, this.headDropout) // [B, labels]
  }
}
