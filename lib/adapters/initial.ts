import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import * as init from '../nn/init.ts'
import type { Linear } from '../nn/linear.ts'
import { scope } from '../scope.ts'
import { type DType, Tensor } from '../tensor.ts'
import { fullDType } from '../weight-dtype.ts'
import type { LoraInit } from './config.ts'
import { loftqFactors } from './loftq.ts'
import { principalPart } from './principal-part.ts'

/** What an update of a Linear starts from. */
export interface InitialFactors {
  /** [R, in] */
  A: Tensor
  /** [out, R] */
  B: Tensor
  /** What stands in the weight's place: what is left of it without scaling B A, or what four bits hold of it. [out, in] */
  residual?: Tensor
}

/**
 * A and B as `initLoraWeights` says. Source: peft 0.21, lora/layer.py: reset_lora_parameters, pissa_init, olora_init,
 * orthogonal_init.
 * @param options.iterations of 'loftq'
 * @throws TorchLoraError INVALID_ARGUMENT for an odd rank of 'orthogonal', or one beyond the weight's of 'pissa', 'olora',
 * 'loftq'
 */
export function initialFactors(
  linear: Linear,
  { r, scaling, how, iterations = 1 }: { r: number; scaling: number; how: LoraInit; iterations?: number },
): InitialFactors {
  const { weight, inFeatures, outFeatures } = linear
  const { device } = weight
  const dtype = fullDType(weight.dtype)
  const options = { device, dtype }
  const principal = how === 'olora' || (typeof how === 'string' && how.startsWith('pissa'))
  if (principal || how === 'loftq') requireRank(weight, { r, how })
  if (how === 'loftq') return loftqFactors(weight, { r, iterations })
  if (principal) return principalFactors(weight, { r, scaling, how, dtype })
  if (how === 'orthogonal') return orthogonalFactors(linear, r, options)
  return {
    A:
      how === 'gaussian'
        ? init.normal([r, inFeatures], 1 / r, options)
        : init.kaimingUniform([r, inFeatures], options),
    B:
      how === false
        ? init.kaimingUniform([outFeatures, r], options)
        : Tensor.zeros([outFeatures, r], options),
  }
}

function requireRank(weight: Tensor, { r, how }: { r: number; how: LoraInit }): void {
  const most = Math.min(...weight.shape)
  if (r <= most) return
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `LoraConfig: initLoraWeights '${how}' takes r of the ${most} principal parts of a weight [${weight.shape.join(', ')}], r is ${r}.`,
  )
}

function principalFactors(
  weight: Tensor,
  { r, scaling, how, dtype }: { r: number; scaling: number; how: LoraInit; dtype: DType },
): InitialFactors {
  return scope(() =>
    noGrad(() => {
      const whole = weight.detach().to({ dtype })
      const { A, B } = principalPart(whole, { r, scaling, how: how as string })
      const rest = ops.sub(whole, ops.mul(ops.matmul(B, A), scaling)) // [out, in]
      return { A: A.clone(), B: B.clone(), residual: rest.to({ dtype: weight.dtype }) }
    }),
  )
}

/** Random, and yet B A is zero: the halves of an orthogonal basis of R dimensions. */
function orthogonalFactors(
  { inFeatures, outFeatures }: Linear,
  r: number,
  options: { device: Tensor['device']; dtype: DType },
): InitialFactors {
  if (r % 2 !== 0)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `LoraConfig: initLoraWeights 'orthogonal' takes an even rank, r is ${r}.`,
    )
  return scope(() =>
    noGrad(() => {
      const [basis] = ops.linalgQr(Tensor.randn([r, r], options)) // [R, R]
      const half = (start: number) => ops.slice(basis, { dim: 0, start, step: 2 }) // [R/2, R]
      const A = ops.matmul(Tensor.randn([inFeatures, r / 2], options), half(0)).t() // [R, in]
      const B = ops.matmul(Tensor.randn([r / 2, outFeatures], options).t(), half(1)) // [out, R]
      return { A: ops.div(A, 10).contiguous(), B: ops.div(B, 10).contiguous() }
    }),
  )
}
