import * as ops from '../generated/ops.ts'
import type { BatchTensors } from '../nn/batch.ts'
import { dropout } from '../nn/dropout.ts'
import { Embedding } from '../nn/embedding.ts'
import { LayerNorm } from '../nn/layer-norm.ts'
import { Linear, type LinearLike } from '../nn/linear.ts'
import { Module } from '../nn/module.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import type { EncoderConfig } from './config.ts'

/** What an encoder adds up before its first layer, where it is not what BERT does. */
export interface EmbeddingsOptions extends TensorOptions {
  /** Of the tables; projected to hiddenSize in front of the norm where it differs. Default hiddenSize. */
  embeddingSize?: number | undefined
  /** Whether absolute positions are added. Default true. */
  positions?: boolean | undefined
}

/**
 * LN(P(word + token type + position)), then dropout, of which the projection P, the token types (a table of 0) and the
 * positions may be left out. Field names are checkpoint keys, which BERT and its kin share.
 */
export class Embeddings extends Module {
  word_embeddings: Embedding
  position_embeddings: Embedding | null
  token_type_embeddings: Embedding | null
  embed_proj: LinearLike | null
  LayerNorm: LayerNorm

  constructor(
    readonly config: EncoderConfig,
    { embeddingSize = config.hiddenSize, positions = true, ...options }: EmbeddingsOptions,
  ) {
    super()
    const { hiddenSize, vocabSize, maxPositionEmbeddings, typeVocabSize, layerNormEps } = config
    const std = { std: config.initializerRange, ...options }
    const table = (rows: number) => new Embedding(rows, embeddingSize, std)
    this.word_embeddings = table(vocabSize)
    this.position_embeddings = positions ? table(maxPositionEmbeddings) : null
    this.token_type_embeddings = typeVocabSize > 0 ? table(typeVocabSize) : null
    this.embed_proj =
      embeddingSize === hiddenSize ? null : new Linear(embeddingSize, hiddenSize, { bias: false, ...std })
    this.LayerNorm = new LayerNorm(hiddenSize, layerNormEps, options)
  }

  forward(batch: BatchTensors): Tensor {
    let sum = this.word_embeddings.forward(batch.inputIds) // [T, E]
    if (this.token_type_embeddings) sum = ops.add(sum, this.token_type_embeddings.forward(batch.tokenTypeIds)) // [T, E]
    if (this.position_embeddings) sum = ops.add(sum, this.position_embeddings.forward(batch.positionIds)) // [T, E]
    if (this.embed_proj) sum = this.embed_proj.forward(sum) // [T, H]
    return dropout(this.LayerNorm.forward(sum), this.training ? this.config.hiddenDropoutProb : 0) // [T, H]
  }
}
