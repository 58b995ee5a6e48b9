import * as fused from '../generated/fused.ts'
import type { Tensor } from '../tensor.ts'

/** Zeroes elements with probability p and scales the rest by 1/(1-p); p = 0 is the identity. */
export function dropout(x: Tensor, p: number): Tensor {
  return p === 0 ? x : fused.dropout(x, p)
}
