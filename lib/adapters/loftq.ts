import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { scope } from '../scope.ts'
import { Tensor } from '../tensor.ts'
import { dequantizeNf4, quantizeNf4 } from './nf4.ts'
import { principalPart } from './principal-part.ts'

/** How LoftQ starts an adapter: PEFT's `LoftQConfig`. */
export interface LoftQConfig {
  /** Bits a weight is kept in: 4 (NF4). Default 4. */
  loftqBits?: 4 | undefined
  /** How often quantization and factors take turns. Default 1. */
  loftqIter?: number | undefined
}

/**
 * A quantized weight and the factors of what quantization lost (Li et al., "LoftQ", 2023, algorithm 1): Q is the weight
 * less the factors' product in NF4, and the factors are the principal part of the weight less Q, in turns.
 *
 * As in PEFT the scaling is left out of it: Q + scaling B A is nearest to the weight where loraAlpha is r.
 * Source: peft 0.21, utils/loftq_utils.py, loftq_init.
 * @param weight [out, in]
 * @returns A [R, in] and B [out, R] in float32, `residual` [out, in]: what Q stands for, in the weight's dtype
 */
export function loftqFactors(
  weight: Tensor,
  { r, iterations }: { r: number; iterations: number },
): { A: Tensor; B: Tensor; residual: Tensor } {
  return scope(() =>
    noGrad(() => {
      const { dtype, device } = weight
      const whole = weight.detach().to({ dtype: 'float32' })
      let lost = whole
      for (let done = 1; ; done++) {
        const quantized = throughNf4(lost)
        const { A, B } = principalPart(ops.sub(whole, quantized), { r, scaling: 1, how: 'pissa' })
        if (done === iterations)
          return { A: A.clone(), B: B.clone(), residual: quantized.to({ dtype, device }).clone() }
        lost = ops.sub(whole, ops.matmul(B, A)) // [out, in]
      }
    }),
  )
}

/** What is left of a float32 tensor after it went through four bits. */
function throughNf4(tensor: Tensor): Tensor {
  const values = tensor.to({ device: 'cpu' }).contiguous().readSync() as Float32Array
  const { shape, device } = tensor
  return Tensor.from(dequantizeNf4(quantizeNf4(values)), { shape, device })
}
