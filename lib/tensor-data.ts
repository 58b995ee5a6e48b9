import { TorchLoraError } from './errors.ts'
import type { DType } from './native.ts'

/** Numbers in nested arrays, as `Tensor.from` takes and `toArray` gives them. */
export type NestedNumbers = number | NestedNumbers[]

/** What reading a tensor gives: half precision is widened to Float32Array, bool is 0 and 1. */
export type TensorData =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const

/** The dtype whose elements a typed array has, or undefined. */
export function dtypeOf(data: unknown): DType | undefined {
  return (Object.keys(arrays) as (keyof typeof arrays)[]).find((name) => data instanceof arrays[name])
}

/** The shape of nested numbers. */
export function nestedShape(data: NestedNumbers): number[] {
  if (!Array.isArray(data)) return []
  const inner = data.length === 0 ? [] : nestedShape(data[0]!)
  for (const row of data) {
    const shape = nestedShape(row)
    if (shape.length !== inner.length || shape.some((size, d) => size !== inner[d])) {
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `Rows must have one shape: expected [${inner.join(', ')}], received [${shape.join(', ')}].`,
      )
    }
  }
  return [data.length, ...inner]
}

/** Numbers as the elements of a dtype. */
export function typedArray(dtype: DType, values: number[]): TensorData {
  switch (dtype) {
    case 'float16':
    case 'bfloat16':
      throw new TorchLoraError(
        'UNSUPPORTED',
        `Make a float32 tensor and convert it: Tensor.from(data).to({ dtype: '${dtype}' }).`,
      )
    case 'int64':
      return BigInt64Array.from(values, (value) => BigInt(value))
    default:
      return arrays[dtype].from(values)
  }
}

/** The bytes of a tensor as its elements. */
export function decode(buffer: ArrayBuffer, dtype: DType): TensorData {
  if (dtype === 'bfloat16') {
    const bits = new Uint16Array(buffer)
    const wide = new Uint32Array(bits.length)
    for (let i = 0; i < bits.length; i++) wide[i] = bits[i]! << 16
    return new Float32Array(wide.buffer)
  }
  if (dtype === 'float16') return Float32Array.from(new Uint16Array(buffer), halfToFloat)
  return new arrays[dtype](buffer)
}

/** IEEE 754 binary16 to a number. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
