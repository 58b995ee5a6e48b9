import { operator } from '../dispatch.ts'
import { guarded } from '../native.ts'
import type { Tensor } from '../tensor.ts'
import type { Segment } from './linear.ts'

/** Tensors that already lie beside others: a second place would tear them from there. */
const placed = new WeakSet<Tensor>()

/**
 * Puts the weights, and the biases, of Linears that are computed together on CUDA into one storage each, of which the
 * Linears' own are views: then query, key and value are one product forward and one back, however few tokens there are.
 * Values stay as they are, and so does who holds them. To be called before a program captures where they lie: while it
 * is recorded. Does nothing for Linears of which one already lies beside others.
 */
export function shareStorage(segments: readonly Pick<Segment, 'weight' | 'bias'>[]): void {
  const weights = segments.map(({ weight }) => weight)
  // One that the program itself computes lies nowhere yet.
  if (weights.length < 2 || weights.some(({ recorded }) => recorded !== undefined)) return
  if (!weights[0]!.device.startsWith('cuda')) return
  const groups = [weights]
  if (segments.every(({ bias }) => bias)) groups.push(segments.map(({ bias }) => bias!))
  for (const tensors of groups) {
    if (tensors.some((tensor) => placed.has(tensor))) continue
    for (const tensor of tensors) placed.add(tensor)
    guarded((native) => native.callOp(operator('lora::share_storage_').op, [tensors.map(({ id }) => id)], 1))
  }
}
