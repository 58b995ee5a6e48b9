import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { dropout } from '../nn/dropout.ts'
import { fusedSegments, Linear, type LowRank } from '../nn/linear.ts'
import type { Tensor } from '../tensor.ts'
import { LoraConfig } from './config.ts'
import { freshUpdate, lora } from './lora.ts'
import { lowRankDelta } from './lora-delta.ts'
import { AdaptedLinear, type AdapterMethod, type Target } from './method.ts'

/**
 * y = x W'^T + b with W' = m (W + s B A) / ||W + s B A||, row by row, m a trained magnitude [out] (Liu et al., 2024). The
 * norm counts as a constant in the backward pass, as in the paper's section 4.3 and PEFT's tuners/lora/dora.py.
 */
export class DoraLinear extends AdaptedLinear {
  /** @param magnitude [out] */
  constructor(
    base: Linear,
    readonly update: LowRank,
    readonly magnitude: Tensor,
  ) {
    super(base)
  }

  override adapterParameters(): [name: string, parameter: Tensor][] {
    return [
      ['lora_A.weight', this.update.A],
      ['lora_B.weight', this.update.B],
      ['lora_magnitude_vector', this.magnitude],
    ]
  }

  /** Its output is scaled column by column, for which the fused operator has no place. */
  segment(): null {
    return null
  }

  lowRank(): null {
    return null
  }

  override compute(x: Tensor): Tensor {
    const { weight, bias, update } = this
    const scale = ops.div(this.magnitude, rowNorms(this.directions())).to({ dtype: weight.dtype }) // [out]
    const p = this.training ? update.dropout : 0
    const lowRank = { ...update, dropout: 0 }
    if (p === 0) {
      const y = ops.mul(fusedSegments(x, [{ weight, bias: null, lowRank }]), scale) // [T, out]
      return bias ? ops.add(y, bias) : y // [T, out]
    }
    // Only what passes through the adapter is dropped, the scaling of the base's part included.
    const dropped = dropout(x, p) // [T, in]
    const adapted = ops.mul(fusedSegments(dropped, [{ weight, bias: null, lowRank }]), scale) // [T, out]
    const plain = fusedSegments(x, [{ weight, bias, lowRank: null }]) // [T, out]
    const inner = fusedSegments(dropped, [{ weight, bias: null, lowRank: null }]) // [T, out]
    return ops.add(plain, ops.sub(adapted, inner)) // [T, out]
  }

  effectiveWeight(): Tensor {
    const directions = this.directions() // [out, in]
    const scale = ops.div(this.magnitude, rowNorms(directions)) // [out]
    return ops.mul(directions, ops.unsqueeze(scale, 1)).to({ dtype: this.weight.dtype }) // [out, in]
  }

  /** W + s B A in the adapter's dtype, a constant of the backward pass: [out, in] */
  private directions(): Tensor {
    return noGrad(() => ops.add(this.weight.to({ dtype: this.magnitude.dtype }), lowRankDelta(this.update)))
  }
}

/** The L2 norm of each row: [out, in] -> [out] */
function rowNorms(matrix: Tensor): Tensor {
  return noGrad(() => ops.linalgVectorNorm(matrix, { dim: [1] }))
}

export const dora = {
  ...lora,
  name: 'DoRA',
  unit: 'Linear',
  handles: (config) => config instanceof LoraConfig && config.useDora,
  adapts: (module) => module instanceof Linear,
  wrap(linear: Linear, target: Target<LoraConfig>) {
    const { update } = freshUpdate(linear, target)
    // B starts at zero, or random where initLoraWeights is false: the outputs are the base's where it is zero.
    const magnitude = noGrad(() =>
      rowNorms(ops.add(linear.weight.to({ dtype: update.A.dtype }), lowRankDelta(update))),
    )
    magnitude.requiresGrad = true
    return new DoraLinear(linear, update, magnitude)
  },
} satisfies AdapterMethod
