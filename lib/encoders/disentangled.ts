import * as fused from '../generated/fused.ts'
import * as ops from '../generated/ops.ts'
import { wantedRows } from '../nn/attention.ts'
import type { BatchTensors, WantedRows } from '../nn/batch.ts'
import { dropout } from '../nn/dropout.ts'
import { type FusedGroup, fusedLinear, type LinearLike } from '../nn/linear.ts'
import type { Tensor } from '../tensor.ts'
import { ContextModule } from './bert-layers.ts'
import { languageLayout } from './config.ts'
import type { DisentangledConfig } from './disentangled-config.ts'
import type { FamilyHeads } from './family.ts'

/** What all layers of a DeBERTa read. */
export interface DisentangledShared {
  batch: BatchTensors
  /** The relative embeddings in reach, [P, H]; null without relative attention. */
  positions: Tensor | null
}

/**
 * softmax(scale (Q K^T + Q PK[c(i - j)]^T + K PQ[c(i - j)]^T)) V within each sequence; scale is 1/sqrt(D * terms)
 * (He et al., 2021, equation 4). The positions are projected once a batch. How contents and positions are projected is
 * the version's own.
 */
export abstract class DisentangledSelfAttention extends ContextModule<DisentangledShared> {
  constructor(readonly config: DisentangledConfig) {
    super()
  }

  /** Logarithmic buckets of distances; 0 or less for a row each. */
  protected abstract readonly buckets: number

  /** Queries, keys and values. [T, H] -> [T, 3, N, D] */
  protected abstract content(hidden: Tensor): Tensor

  /** What `content` computes together. */
  protected abstract contentLayers(): readonly LinearLike[]

  /** What projects the relative positions: for keys where there is `c2p`, then for queries where there is `p2c`. */
  protected abstract positionLayers(): readonly LinearLike[]

  forward(hidden: Tensor, { batch, positions }: DisentangledShared, wanted?: WantedRows): Tensor {
    const { numAttentionHeads, hiddenSize, c2p, p2c, maxRelativePositions } = this.config
    const headSize = hiddenSize / numAttentionHeads
    // transformers takes this root in float32 whatever the model's dtype; float64 shows the difference.
    const scale = 1 / Math.fround(Math.sqrt(headSize * (1 + Number(c2p) + Number(p2c))))
    const dropoutP = this.training ? this.config.attentionProbsDropoutProb : 0
    const heads = this.content(hidden) // [T, 3, N, D]
    const { key, query } = this.#projected(positions) // [P, N, D] each
    const context =
      key || query
        ? fused.disentangledAttention(
            heads,
            key,
            query,
            batch.cuSeqlens,
            batch.maxSeqlen,
            this.buckets,
            maxRelativePositions,
            { dropoutP, scale },
          )
        : fused.varlenAttention(heads, batch.cuSeqlens, batch.maxSeqlen, { dropoutP, scale }) // [T, N, D]
    return wantedRows(ops.view(context, [-1, hiddenSize]), wanted) // [rows, H]
  }

  fusedGroups(): FusedGroup[] {
    const groups: FusedGroup[] = [
      { layers: this.contentLayers(), rows: 'token' },
      ...this.#projections().map((layers): FusedGroup => ({ layers, rows: 'position' })),
    ]
    return groups.filter(({ layers }) => layers.length > 0)
  }

  /**
   * What projects the relative positions, by what is computed together: all, but on CUDA each for itself. There the
   * weights lie beside those of the content in another order, so a joint product would write into columns that are not
   * next to each other; and a table that nothing trains takes no part in backward.
   */
  #projections(): readonly (readonly LinearLike[])[] {
    const layers = this.config.relativeAttention ? this.positionLayers() : []
    return layers[0]?.weight.device.startsWith('cuda') ? layers.map((layer) => [layer]) : [layers]
  }

  #projected(positions: Tensor | null): { key: Tensor | null; query: Tensor | null } {
    const { c2p, p2c, numAttentionHeads, hiddenSize, hiddenDropoutProb } = this.config
    const projections = this.#projections()
    if (!positions || projections.flat().length === 0) return { key: null, query: null }
    const dropped = dropout(positions, this.training ? hiddenDropoutProb : 0) // [P, H]
    const perHead = [numAttentionHeads, hiddenSize / numAttentionHeads]
    const tables = projections.flatMap((layers) => {
      const projected = fusedLinear(dropped, layers, { rows: 'position' }) // [P, layers H]
      if (layers.length === 1) return [ops.view(projected, [-1, ...perHead])] // [P, N, D]
      const all = ops.view(projected, [-1, layers.length, ...perHead]) // [P, layers, N, D]
      return layers.map((_, i) => ops.select(all, 1, i)) // [P, N, D] each
    })
    return { key: c2p ? tables[0]! : null, query: p2c ? tables.at(-1)! : null }
  }
}

/** The heads of both kinds of DeBERTa. */
export function disentangledHeads(config: DisentangledConfig): FamilyHeads {
  const { hiddenSize, initializerRange: std, classifierDropout, hiddenDropoutProb } = config
  const pooler = { name: 'pooler.dense', act: config.poolerAct, dropout: config.poolerDropout }
  const plain = { hiddenSize, std, out: 'classifier' }
  return {
    sequence: { ...plain, dense: pooler, dropout: classifierDropout ?? hiddenDropoutProb },
    token: { ...plain, dropout: hiddenDropoutProb },
    maskedLm: { ...languageLayout(config), ...languageNames(config) },
  }
}

/** Where the head for masked words lies: as transformers first had it, or as the published checkpoints do. */
function languageNames({ raw, embeddingSize, hiddenSize }: DisentangledConfig) {
  const legacy = raw.legacy !== false
  const bias = legacy ? 'cls.predictions' : 'lm_predictions.lm_head'
  const inner = legacy ? `${bias}.transform` : bias
  return {
    embeddingSize: legacy ? embeddingSize : hiddenSize,
    dense: `${inner}.dense`,
    norm: `${inner}.LayerNorm`,
    bias,
  }
}
