import * as ops from '../generated/ops.ts'
import type { Tensor } from '../tensor.ts'
import { svdLowrank } from './svd-lowrank.ts'

/** B [out, R] and A [R, in], of which scaling B A is the principal part of a weight [out, in]. */
export function principalPart(
  weight: Tensor,
  { r, scaling, how }: { r: number; scaling: number; how: string },
): { A: Tensor; B: Tensor } {
  if (how === 'olora') {
    const [q, triangle] = ops.linalgQr(weight) // [out, k], [k, in]
    return { A: first(triangle, 0, r), B: first(q, 1, r) }
  }
  const { u, s, vh } = singular(weight, { r, how })
  const root = ops.sqrt(ops.div(first(s, 0, r), scaling)) // [R]
  return {
    A: ops.mul(ops.unsqueeze(root, 1), first(vh, 0, r)), // [R, in]
    B: ops.mul(first(u, 1, r), root), // [out, R]
  }
}

function singular(weight: Tensor, { r, how }: { r: number; how: string }) {
  const [, niter] = how.split('_niter_')
  if (niter !== undefined) {
    const { u, s, v } = svdLowrank(weight, { q: r, niter: Number(niter) })
    return { u, s, vh: v.t() }
  }
  const [u, s, vh] = ops.linalgSvd(weight, { fullMatrices: false }) // [out, k], [k], [k, in]
  return { u, s, vh }
}

function first(tensor: Tensor, dim: number, count: number): Tensor {
  return ops.slice(tensor, { dim, start: 0, end: count })
}
