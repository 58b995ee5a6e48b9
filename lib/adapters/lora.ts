import * as ops from '../generated/ops.ts'
import type { Model } from '../models/model.ts'
import { EmbeddingLike } from '../nn/embedding.ts'
import { Linear, type LowRank, type Segment } from '../nn/linear.ts'
import type { Tensor } from '../tensor.ts'
import { LoraConfig } from './config.ts'
import { initialFactors } from './initial.ts'
import { lowRankDelta } from './lora-delta.ts'
import { loraEmbedding } from './lora-embedding.ts'
import { AdaptedLinear, type AdaptedModule, type AdapterMethod, type Target, withTargets } from './method.ts'
import type { PeftConfig } from './peft-config.ts'
import type { LoraState } from './state.ts'
import { rankAndAlpha } from './targets.ts'
import { trainableTokens } from './trainable-tokens.ts'

/** What an update started from, and what took the weight's place: what scaling B0 A0 left of it, or four bits. [out, in] */
interface PrincipalStart {
  A: Tensor
  B: Tensor
  residual: Tensor
}

/** y = x W^T + b + scaling * dropout(x) A^T B^T (Hu et al., 2022, equation 3). */
export class LoraLinear extends AdaptedLinear {
  update: LowRank
  /** What the update started from where it is a part of the weight (PiSSA, OLoRA, LoftQ), and what is left of that. */
  readonly start: PrincipalStart | null

  constructor(base: Linear, update: LowRank, start: PrincipalStart | null = null) {
    super(base)
    this.update = update
    this.start = start
  }

  override get residual(): Tensor | null {
    return this.start?.residual ?? null
  }

  override constants(): Tensor[] {
    return this.start ? [this.start.A, this.start.B] : []
  }

  override adapterParameters(): [name: string, parameter: Tensor][] {
    return [
      ['lora_A.weight', this.update.A],
      ['lora_B.weight', this.update.B],
    ]
  }

  segment(): Segment {
    const { A, B, scaling, dropout } = this.update
    const lowRank = { A, B, scaling, dropout: this.training ? dropout : 0 }
    return { weight: this.weight, bias: this.bias, lowRank }
  }

  lowRank(): LowRank {
    return this.update
  }

  effectiveWeight(): Tensor {
    return ops.add(this.weight, lowRankDelta(this.update).to({ dtype: this.weight.dtype })) // [out, in]
  }
}

/** A fresh update for the Linear at `path`. */
export function freshUpdate(
  linear: Linear,
  { path, config }: Pick<Target<LoraConfig>, 'path' | 'config'>,
): { update: LowRank; start: PrincipalStart | null } {
  const { r, alpha } = rankAndAlpha(config, path)
  const scaling = config.scaling(r, alpha)
  const { initLoraWeights: how, loftqIterations: iterations } = config
  const { A, B, residual } = initialFactors(linear, { r, scaling, how, iterations })
  const start = residual ? { A: A.clone(), B: B.clone(), residual } : null
  A.requiresGrad = true
  B.requiresGrad = true
  return { update: { A, B, scaling, dropout: config.loraDropout }, start }
}

/**
 * The configuration and factors as files have them: where the updates are a part of the weights, s [B, -B0] [A; A0], so
 * that they stand on the base model as it is. What PEFT's `path_initial_model_for_weight_conversion` writes.
 */
function converted(state: LoraState, tensors: ReadonlyMap<string, Tensor>) {
  const config = state.config as LoraConfig
  const result = new Map(tensors)
  // What four bits lose of a weight is no low-rank update: whoever loads such an adapter quantizes the base again.
  if (!state.changed || config.initLoraWeights === 'loftq') return { config, tensors: result }
  for (const [path, layer] of state.layers) {
    if (!(layer instanceof LoraLinear) || !layer.start) continue
    const { A, B } = layer.update
    const { A: A0, B: B0 } = layer.start
    result.set(`${path}.lora_A.weight`, ops.cat([A.detach(), A0], { dim: 0 })) // [2R, in]
    result.set(`${path}.lora_B.weight`, ops.cat([B.detach(), ops.neg(B0)], { dim: 1 })) // [out, 2R]
  }
  return { config: doubled(config), tensors: result }
}

/** Twice the rank at the same scaling. */
export function doubled(config: LoraConfig): LoraConfig {
  const each = (values: Readonly<Record<string, number>>, factor: number) =>
    Object.fromEntries(Object.entries(values).map(([pattern, value]) => [pattern, value * factor]))
  const factor = config.useRslora ? Math.SQRT2 : 2
  return config.with({
    r: config.r * 2,
    loraAlpha: config.loraAlpha * factor,
    rankPattern: each(config.rankPattern, 2),
    alphaPattern: each(config.alphaPattern, factor),
    initLoraWeights: true,
  })
}

export const lora = {
  name: 'LoRA',
  unit: 'Linear or Embedding',
  // Of what starts as the principal part of the weights.
  learningRate: (config: PeftConfig) =>
    /^(pissa|olora)/.test(String((config as LoraConfig).initLoraWeights)) ? 2e-4 : undefined,
  ranks: (given) => {
    const config = given as LoraConfig
    return {
      tensor: /^(.*)\.lora_(?:A\.weight|embedding_A)$/,
      dimensions: 2,
      rankOf: (layer) => rankAndAlpha(config, layer).r,
      bound: (most) =>
        config.with({
          r: Math.min(config.r, most),
          rankPattern: Object.fromEntries(
            Object.entries(config.rankPattern).map(([pattern, rank]) => [pattern, Math.min(rank, most)]),
          ),
        }),
    }
  },
  handles: (config) => config instanceof LoraConfig,
  complete: ({ family }: Model, config: PeftConfig): PeftConfig => withTargets(config, family.loraTargets),
  adapts: (module) => module instanceof Linear || module instanceof EmbeddingLike,
  wrap(module: Linear | EmbeddingLike, target: Target<LoraConfig>): AdaptedModule {
    if (module instanceof EmbeddingLike) return loraEmbedding(module, target)
    const { update, start } = freshUpdate(module, target)
    return new LoraLinear(module, update, start)
  },
  also(model: Model, { trainableTokenIndices }: LoraConfig) {
    return trainableTokenIndices === null ? new Map() : trainableTokens(model, trainableTokenIndices)
  },
  saved: converted,
} satisfies AdapterMethod
