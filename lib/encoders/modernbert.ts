import type { BatchTensors, PositionScheme, WantedRows } from '../nn/batch.ts'
import { dropout } from '../nn/dropout.ts'
import { Embedding } from '../nn/embedding.ts'
import type { LayerNorm } from '../nn/layer-norm.ts'
import { Module } from '../nn/module.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import { languageLayout } from './config.ts'
import { Encoder } from './encoder.ts'
import type { Family } from './family.ts'
import { type ModernBertConfig, readModernBertConfig } from './modernbert-config.ts'
import { ModernBertLayers, modernBertNorm } from './modernbert-layers.ts'

/** LN(word), then dropout: positions are in the attention. */
class Embeddings extends Module {
  tok_embeddings: Embedding
  norm: LayerNorm

  constructor(
    readonly config: ModernBertConfig,
    options: TensorOptions,
  ) {
    super()
    const { vocabSize, hiddenSize, initializerRange: std } = config
    this.tok_embeddings = new Embedding(vocabSize, hiddenSize, { std, ...options })
    this.norm = modernBertNorm(config, options)
  }

  forward(batch: BatchTensors): Tensor {
    const normed = this.norm.forward(this.tok_embeddings.forward(batch.inputIds)) // [T, H]
    return dropout(normed, this.training ? this.config.hiddenDropoutProb : 0) // [T, H]
  }
}

/**
 * ModernBERT (Warner et al., 2024): rotary positions, two of three layers with a window of attention, a gated
 * feed-forward, norms in front of both; transformers' `ModernBertModel`, modeling_modernbert.py.
 */
export class ModernBertEncoder extends Encoder<ModernBertConfig> {
  readonly positions: PositionScheme = { kind: 'zero' }
  readonly maxLength: number
  embeddings: Embeddings
  stack: ModernBertLayers
  final_norm: LayerNorm

  constructor(config: ModernBertConfig, options: TensorOptions = {}) {
    super(config)
    this.maxLength = config.maxPositionEmbeddings
    this.embeddings = new Embeddings(config, options)
    this.stack = new ModernBertLayers(config, options)
    this.final_norm = modernBertNorm(config, options)
  }

  /** The stack is "layers" in a checkpoint. */
  override *children(): Generator<[name: string, child: Tensor | Module]> {
    for (const [name, child] of super.children()) yield [name === 'stack' ? 'layers' : name, child]
  }

  override setChild(name: string, child: Tensor | Module): void {
    super.setChild(name === 'layers' ? 'stack' : name, child)
  }

  embed(batch: BatchTensors): Tensor {
    return this.embeddings.forward(batch) // [T, H]
  }

  layers(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    return this.final_norm.forward(this.stack.forward(embedded, batch, wanted)) // [rows, H]
  }
}

export const modernbert: Family<ModernBertConfig> = {
  modelType: 'modernbert',
  architecture: 'ModernBert',
  prefix: 'model',
  // peft names no default for it; query, key and value are one Linear.
  loraTargets: ['Wqkv'],

  readConfig: readModernBertConfig,

  encoder: (config, options) => new ModernBertEncoder(config, options),

  heads(config) {
    const { hiddenSize, outputStd, classifierDropout, head, normBias, decoderBias } = config
    const layout = {
      hiddenSize,
      std: hiddenSize ** -0.5,
      dense: { name: 'head.dense', act: head.act, dropout: 0, bias: head.bias, std: outputStd },
      norm: { name: 'head.norm', create: (options: TensorOptions) => modernBertNorm(config, options) },
      out: 'classifier',
      dropout: classifierDropout!,
    }
    const maskedLm = {
      ...languageLayout(config),
      act: head.act,
      std: outputStd,
      dense: 'head.dense',
      norm: 'head.norm',
      bias: 'decoder',
      biases: { dense: head.bias, norm: normBias, decoder: decoderBias },
    }
    return { sequence: { ...layout, pooling: head.pooling }, token: layout, question: layout, maskedLm }
  },
}
