import type { Tensor } from '../tensor.ts'

/**
 * Codes of weights that are computed together: of 8 bits (`lora::prepack_linear_int8`), or of 4
 * (`lora::prepack_linear_nf4`), which are one tensor for both.
 */
export interface FrozenCodes {
  /** For y = x W^T. */
  packed: Tensor
  /** The same codes for the gradient of x. */
  packedT: Tensor
}

/** By the first of the weights: those after it, and the codes of all. */
const known = new WeakMap<Tensor, { others: readonly Tensor[]; codes: FrozenCodes }[]>()

/** From here on products of these frozen weights, one after the other in one operator, run on their codes. */
export function setFrozenCodes(weights: readonly Tensor[], codes: FrozenCodes): void {
  const [first, ...others] = weights as [Tensor, ...Tensor[]]
  const rest = (known.get(first) ?? []).filter((entry) => !isOf(entry, others))
  known.set(first, [...rest, { others, codes }])
}

const isOf = (entry: { others: readonly Tensor[] }, others: readonly Tensor[]) =>
  entry.others.length === others.length && entry.others.every((own, i) => own === others[i])

/** The codes that stand for these weights, or null: weights that train have none, whatever they had. */
export function frozenCodes(weights: readonly Tensor[]): FrozenCodes | null {
  const [first, ...others] = weights as [Tensor, ...Tensor[]]
  const found = known.get(first)?.find((entry) => isOf(entry, others))
  if (!found) return null
  if (!weights.some(({ requiresGrad }) => requiresGrad)) return found.codes
  known.delete(first)
  return null
}
