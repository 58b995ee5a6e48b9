import type { Tensor } from '../tensor.ts'

/** 8-bit codes of weights that are computed together (`lora::prepack_linear_int8`). */
export interface FrozenCodes {
  /** For y = x W^T. */
  packed: Tensor
  /** The same codes transposed, for the gradient of x. */
  packedT: Tensor
}

/** By the first of the weights: those after it, and the codes of all. */
const known = new WeakMap<Tensor, { others: readonly Tensor[]; codes: FrozenCodes }[]>()

/** From here on products of these frozen weights, one after the other in one operator, run on their codes. */
export function setFrozenCodes(weights: readonly Tensor[], codes: FrozenCodes): void {
  const [first, ...others] = weights as [Tensor, ...Tensor[]]
  known.set(first, [...(known.get(first) ?? []), { others, codes }])
}

/** The codes that stand for these weights, or null: weights that train have none, whatever they had. */
export function frozenCodes(weights: readonly Tensor[]): FrozenCodes | null {
  const [first, ...others] = weights as [Tensor, ...Tensor[]]
  const found = known
    .get(first)
    ?.find(
      (entry) => entry.others.length === others.length && entry.others.every((own, i) => own === others[i]),
    )
  if (!found) return null
  if (!weights.some(({ requiresGrad }) => requiresGrad)) return found.codes
  known.delete(first)
  return null
}
