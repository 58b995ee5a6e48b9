import * as ops from '../generated/ops.ts'
import type { Device, DType, Tensor } from '../tensor.ts'

/** Cosines and sines of the angles by which a token's queries and keys turn: [T, D / 2] each. */
export interface RotaryTables {
  cos: Tensor
  sin: Tensor
}

/**
 * The angles of rotary positions (Su et al., RoFormer, 2021): position theta^(-2i/D), i below D / 2, in float32 as
 * transformers forms them; what `lora::rotary` takes.
 * @param positionIds int32 [T]
 */
export function rotaryTables(
  positionIds: Tensor,
  { theta, headSize, dtype, device }: { theta: number; headSize: number; dtype: DType; device: Device },
): RotaryTables {
  const place = { dtype: 'float32', device } as const
  const exponents = ops.div(ops.arange(0, headSize, 2, place), headSize) // [D / 2]
  const frequencies = ops.reciprocal(ops.pow(theta, exponents)) // [D / 2]
  const positions = ops.unsqueeze(positionIds.to({ dtype: 'float32' }), 1) // [T, 1]
  const angles = ops.mul(positions, ops.unsqueeze(frequencies, 0)) // [T, D / 2]
  return { cos: ops.cos(angles).to({ dtype }), sin: ops.sin(angles).to({ dtype }) }
}
