import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { Tensor } from '../tensor.ts'

/**
 * Scales the gradients of `parameters` in place so that their joint norm is at most `maxNorm`;
 * `torch.nn.utils.clip_grad_norm_`.
 * @returns the norm before clipping, 0-dimensional
 */
export function clipGradNorm(parameters: readonly Tensor[], maxNorm: number): Tensor {
  return noGrad(() => {
    const gradients = parameters.map((parameter) => parameter.grad!)
    const norm = gradNorm(gradients) // []
    const factor = ops.clamp(ops.mul(ops.reciprocal(ops.add(norm, 1e-6)), maxNorm), {
      max: 1,
    }) // []
    ops.foreachMul_(gradients, factor)
    return norm
  })
}

/** The L2 norm of all gradients together, 0-dimensional. */
export function gradNorm(gradients: readonly Tensor[]): Tensor {
  return ops.linalgVectorNorm(ops.stack(ops.foreachNorm(gradients))) // []
}
