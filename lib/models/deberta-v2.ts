import { activations } from '../nn/activation.ts'
import { Linear } from '../nn/linear.ts'
import { Module } from '../nn/module.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import type { BatchTensors } from './batch.ts'
import { SequenceClassifier } from './classifier.ts'
import { type ClassifierConfig, ConfigReader, type LabelOptions } from './config.ts'
import { readDebertaConfig, readDisentangledConfig } from './deberta-v2-config.ts'
import { type DebertaConfig, DebertaEmbeddings, DebertaEncoder } from './deberta-v2-encoder.ts'
import { dropout } from './encoder.ts'

class DebertaModel extends Module {
  embeddings: DebertaEmbeddings
  encoder: DebertaEncoder

  constructor(config: DebertaConfig, options: TensorOptions) {
    super()
    this.embeddings = new DebertaEmbeddings(config, options)
    this.encoder = new DebertaEncoder(config, options)
  }
}

/** act(W dropout(h_first) + b) */
class ContextPooler extends Module {
  dense: Linear

  constructor(
    readonly config: DebertaConfig,
    options: TensorOptions,
  ) {
    super()
    const { hiddenSize, initializerRange } = config
    this.dense = new Linear(hiddenSize, hiddenSize, { std: initializerRange, ...options })
  }

  /** [B, H] -> [B, H] */
  forward(first: Tensor): Tensor {
    const dropped = dropout(first, this.training ? this.config.poolerDropout : 0) // [B, H]
    return activations[this.config.poolerAct](this.dense.forward(dropped)) // [B, H]
  }
}

/**
 * DeBERTa-v2, v3 and mDeBERTa with a classification head; transformers' `DebertaV2ForSequenceClassification`,
 * modeling_deberta_v2.py.
 */
export class DebertaV2ForSequenceClassification extends SequenceClassifier {
  static readonly modelType = 'deberta-v2'
  readonly basePrefix = 'deberta'
  readonly headModules = ['classifier']
  readonly loraTargets = ['query_proj', 'value_proj']
  readonly positions = { kind: 'zero' } as const
  deberta: DebertaModel
  pooler: ContextPooler
  classifier: Linear

  constructor(config: ClassifierConfig, options: TensorOptions = {}) {
    super(config)
    const disentangled = readDisentangledConfig(new ConfigReader(config.raw, 'config.json'))
    const whole = { ...config, ...disentangled }
    this.deberta = new DebertaModel(whole, options)
    this.pooler = new ContextPooler(whole, options)
    this.classifier = new Linear(config.hiddenSize, config.labels.length, {
      std: config.initializerRange,
      ...options,
    })
  }

  /** Reads `config.json`; refuses by name what this family's forward does not follow. */
  static readConfig(reader: ConfigReader, options: LabelOptions): ClassifierConfig {
    return readDebertaConfig(reader, options)
  }

  get maxLength(): number {
    return this.config.maxPositionEmbeddings
  }

  encode(batch: BatchTensors): Tensor {
    const embedded = this.deberta.embeddings.forward(batch) // [T, H]
    return this.deberta.encoder.forwardFirst(embedded, batch) // [B, H]
  }

  head(first: Tensor): Tensor {
    const pooled = this.pooler.forward(first) // [B, H]
    return this.classifier.forward(dropout(pooled, this.headDropout)) // [B, labels]
  }
}
