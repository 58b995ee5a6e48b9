import * as ops from '../generated/ops.ts'
import type { EmbeddingLike } from '../nn/embedding.ts'
import * as init from '../nn/init.ts'
import type { LowRank } from '../nn/linear.ts'
import { Tensor } from '../tensor.ts'
import { fullDType } from '../weight-dtype.ts'
import type { LoraConfig } from './config.ts'
import { lowRankDelta } from './lora-delta.ts'
import { AdaptedEmbedding, requireIndexed, type Target } from './method.ts'
import { rankAndAlpha } from './targets.ts'

/** W[i] + scaling * (B A)^T[i] for each index i; the dropout of LoRA's configuration has no place here, as in PEFT. */
export class LoraEmbedding extends AdaptedEmbedding {
  /** @param update A [R, count], B [size, R] */
  constructor(
    base: EmbeddingLike,
    readonly update: LowRank,
  ) {
    super(base)
  }

  override adapterParameters(): [name: string, parameter: Tensor][] {
    return [
      ['lora_embedding_A', this.update.A],
      ['lora_embedding_B', this.update.B],
    ]
  }

  forward(indices: Tensor): Tensor {
    const { A, B, scaling } = this.update
    const rows = ops.embedding(A.t(), indices) // [T, R]
    const added = ops.mul(ops.matmul(rows, B.t()), scaling) // [T, size]
    return ops.add(this.base.forward(indices), added.to({ dtype: this.weight.dtype })) // [T, size]
  }

  mergedParameters(): Record<string, Tensor> {
    const delta = lowRankDelta(this.update).t() // [count, size]
    return { weight: ops.add(this.weight, delta.to({ dtype: this.weight.dtype })) }
  }
}

/** A fresh update of the table at `path`: A zero, B normal(0, 1), as PEFT starts it. */
export function loraEmbedding(
  base: EmbeddingLike,
  { path, config }: Pick<Target<LoraConfig>, 'path' | 'config'>,
): LoraEmbedding {
  requireIndexed(path, { by: 'LoRA', remedy: 'leave it out by excludeModules' })
  const { r, alpha } = rankAndAlpha(config, path)
  const [count, size] = base.weight.shape as [number, number]
  const { device, dtype: weights } = base.weight
  const options = { device, dtype: fullDType(weights) }
  const A =
    config.initLoraWeights === false ? init.normal([r, count], 1, options) : Tensor.zeros([r, count], options)
  const B = init.normal([size, r], 1, options)
  A.requiresGrad = true
  B.requiresGrad = true
  return new LoraEmbedding(base, { A, B, scaling: config.scaling(r, alpha), dropout: 0 })
}
