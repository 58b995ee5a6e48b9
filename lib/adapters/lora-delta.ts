import * as ops from '../generated/ops.ts'
import type { LowRank } from '../nn/linear.ts'
import type { Tensor } from '../tensor.ts'

/** scaling B A, in the adapter's dtype: [out, in] */
export function lowRankDelta({ A, B, scaling }: LowRank): Tensor {
  return ops.mul(ops.matmul(B, A), scaling)
}
