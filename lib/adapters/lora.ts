import * as ops from '../generated/ops.ts'
import type { Model } from '../models/model.ts'
import * as init from '../nn/init.ts'
import { Linear, type LowRank, type Segment } from '../nn/linear.ts'
import { type DType, Tensor } from '../tensor.ts'
import { LoraConfig } from './config.ts'
import { AdaptedLinear, type AdapterMethod, type Target, withTargets } from './method.ts'
import type { PeftConfig } from './peft-config.ts'
import { patternValue } from './targets.ts'

/** y = x W^T + b + scaling * dropout(x) A^T B^T (Hu et al., 2022, equation 3). */
export class LoraLinear extends AdaptedLinear {
  update: LowRank

  constructor(base: Linear, update: LowRank) {
    super(base)
    this.update = update
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

/** scaling B A, in the adapter's dtype: [out, in] */
export function lowRankDelta({ A, B, scaling }: LowRank): Tensor {
  return ops.mul(ops.matmul(B, A), scaling)
}

/** A fresh update for the Linear at `path`; B starts at zero, so that outputs do not change. */
export function freshUpdate(
  linear: Linear,
  { path, config }: Pick<Target<LoraConfig>, 'path' | 'config'>,
): LowRank {
  const r = patternValue(config.rankPattern, path, config.r)
  const alpha = patternValue(config.alphaPattern, path, config.loraAlpha)
  // float32 under half-precision weights too: the update is what training moves, by steps half precision would lose.
  const { device, dtype: weightDtype } = linear.weight
  const dtype: DType = weightDtype === 'float64' ? 'float64' : 'float32'
  const A =
    config.initLoraWeights === 'gaussian'
      ? init.normal([r, linear.inFeatures], 1 / r, { device, dtype })
      : init.kaimingUniform([r, linear.inFeatures], { device, dtype })
  const B =
    config.initLoraWeights === false
      ? init.kaimingUniform([linear.outFeatures, r], { device, dtype })
      : Tensor.zeros([linear.outFeatures, r], { device, dtype })
  A.requiresGrad = true
  B.requiresGrad = true
  return { A, B, scaling: config.scaling(r, alpha), dropout: config.loraDropout }
}

export const lora = {
  name: 'LoRA',
  handles: (config) => config instanceof LoraConfig,
  complete: ({ family }: Model, config: PeftConfig): PeftConfig => withTargets(config, family.loraTargets),
  unit: 'Linear',
  adapts: (module) => module instanceof Linear,
  wrap(linear: Linear, target: Target<LoraConfig>) {
    return new LoraLinear(linear, freshUpdate(linear, target))
  },
} satisfies AdapterMethod
