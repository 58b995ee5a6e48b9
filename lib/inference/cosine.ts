import { TorchLoraError } from '../errors.ts'

/**
 * a · b / (|a| |b|), from -1 to 1; 0 where one of them has no length.
 * @throws TorchLoraError INVALID_ARGUMENT for vectors of different lengths
 */
export function cosineSimilarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `cosineSimilarity: expected vectors of one length, received ${a.length} and ${b.length} elements.`,
    )
  const lengths = Math.sqrt(dot(a, a) * dot(b, b))
  return lengths === 0 ? 0 : dot(a, b) / lengths
}

/** x / max(|x|, 1e-12), of length 1; `torch.nn.functional.normalize`. */
export function unitVector(x: Float32Array): Float32Array {
  const length = Math.max(Math.sqrt(dot(x, x)), 1e-12)
  return x.map((value) => value / length)
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
