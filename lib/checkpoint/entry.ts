import { TorchLoraError } from '../errors.ts'
import type { DType } from '../native.ts'
import type { Nf4 } from './nf4.ts'

/** Where one tensor lies: enough to map it, nothing read yet. */
export interface TensorEntry {
  name: string
  dtype: DType
  shape: number[]
  /** In elements, one a dimension; not always contiguous in a `pytorch_model.bin`. */
  strides: number[]
  /** The file that holds the bytes (of a sharded checkpoint: the shard). */
  file: string
  /** Of the first element, from the start of `file`. */
  byteOffset: number
  /** From the first element's first byte to the last element's last byte. */
  byteLength: number
  /** What its bytes are codes of; then `shape` is that of what they stand for. */
  nf4?: Nf4 | undefined
}

/** All tensors of a checkpoint, in the order of its files, and what else it says about itself. */
export interface CheckpointIndex {
  entries: Map<string, TensorEntry>
  metadata: Record<string, string>
}

/** Bytes an element takes. */
export const ITEM_SIZE: Readonly<Record<DType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
}

/** Dimensions a tensor may have: far more than a model's have. */
export const MAX_DIMENSIONS = 32

/** True for what a size, stride or offset may be: an exact integer that is not negative. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0)
}

/** The product of a shape, or undefined when no exact number holds it. */
export function elementCount(shape: readonly number[]): number | undefined {
  if (shape.includes(0)) return 0
  let count = 1
  for (const size of shape) {
    count *= size
    if (!Number.isSafeInteger(count)) return undefined
  }
  return count
}

/** Row-major strides, in elements. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    strides[dim] = stride
    stride *= Math.max(shape[dim] ?? 1, 1)
  }
  return strides
}

/** An INVALID_FILE error that names the file first. */
export function invalidFile(file: string, problem: string, cause?: unknown): TorchLoraError {
  return new TorchLoraError('INVALID_FILE', `${file}: ${problem}`, { file, cause })
}

/** The first ten problems, each cut to a length that a terminal can show. */
export function listProblems(problems: readonly string[]): string {
  const cut = (problem: string) => (problem.length > 400 ? `${problem.slice(0, 400)}…` : problem)
  const shown = problems.slice(0, 10).map(cut).join('; ')
  return problems.length > 10 ? `${shown}; and ${problems.length - 10} more` : shown
}

/** A name from a file, quoted and cut, so that a hostile one cannot fill or confuse a message. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name)
}
