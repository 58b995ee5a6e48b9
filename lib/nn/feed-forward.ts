import type { Tensor } from '../tensor.ts'
import { type Activation, activations } from './activation.ts'
import type { LinearLike, RowKind } from './linear.ts'

/** act(x W^T + b), the exact GELU in the product's own pass. [rows, in] -> [rows, out] */
export function activatedLinear(
  x: Tensor,
  layer: LinearLike,
  { act, rows }: { act: Activation; rows: RowKind },
): Tensor {
  if (act === 'gelu') return layer.forward(x, { rows, gelu: true })
  return activations[act](layer.forward(x, { rows }))
}
