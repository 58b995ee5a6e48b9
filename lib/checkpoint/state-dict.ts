import { TorchLoraError } from '../errors.ts'
import {
  type CheckpointIndex,
  elementCount,
  ITEM_SIZE,
  invalidFile,
  listProblems,
  quote,
  type TensorEntry,
} from './entry.ts'
import { kindOf, PickleDict, type PickleValue, TorchTensor } from './pickle-values.ts'

/** Where training scripts put the weights when they save more than the weights. */
const NESTED = ['state_dict', 'model_state_dict', 'model']

/**
 * The tensors of an unpickled state dict, every one checked against the bytes its storage really has.
 * Values that are not tensors (counters, versions) are passed over.
 *
 * @throws TorchLoraError INVALID_FILE with every bad tensor, UNSUPPORTED for a view larger than its storage
 */
export function indexStateDict(file: string, value: PickleValue): CheckpointIndex {
  const dict = stateDict(file, value)
  const entries = new Map<string, TensorEntry>()
  const problems: string[] = []
  for (const [name, item] of dict.map) {
    if (!(item instanceof TorchTensor)) continue
    if (typeof name !== 'string') {
      problems.push(`a tensor named by ${kindOf(name)}, expected a string`)
      continue
    }
    const entry = locate(file, name, item)
    if (typeof entry === 'string') problems.push(`tensor ${quote(name)} ${entry}`)
    else entries.set(name, entry)
  }
  if (problems.length > 0) throw invalidFile(file, listProblems(problems))
  return { entries, metadata: {} }
}

function stateDict(file: string, value: PickleValue): PickleDict {
  if (!(value instanceof PickleDict)) {
    throw invalidFile(file, `holds ${kindOf(value)}, expected a state dict: a dict from names to tensors`)
  }
  const hasTensors = (dict: PickleDict) => [...dict.map.values()].some((item) => item instanceof TorchTensor)
  if (value.map.size === 0 || hasTensors(value)) return value
  for (const key of NESTED) {
    const inner = value.map.get(key)
    if (inner instanceof PickleDict && hasTensors(inner)) return inner
  }
  throw invalidFile(file, 'holds a dict without tensors, expected a state dict')
}

/** The entry, or what is wrong with it. */
function locate(file: string, name: string, tensor: TorchTensor): TensorEntry | string {
  const { storage, dtype, storageOffset, shape, strides } = tensor
  if (storage.byteOffset === undefined) return `lies in storage ${quote(storage.key)}, which the file lacks`
  const itemSize = ITEM_SIZE[dtype]
  const count = elementCount(shape)
  if (count === undefined) return `has the shape [${shape}], whose size overflows`
  const span =
    count === 0 ? 0 : 1 + shape.reduce((sum, size, dim) => sum + (size - 1) * (strides[dim] as number), 0)
  const capacity = Math.floor(storage.byteLength / itemSize)
  // Sums of products beyond 2^53 are inexact but never small, so the comparison still refuses them.
  if (storageOffset + span > capacity) {
    return `takes elements ${storageOffset} to ${storageOffset + span} of a storage of ${capacity}`
  }
  if (count > capacity) {
    // expand() of a small storage: copying it would take memory out of all proportion to the file.
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${file}: tensor ${quote(name)} of shape [${shape}] repeats a storage of ${capacity} elements; save it contiguous`,
      { file },
    )
  }
  const byteOffset = storage.byteOffset + storageOffset * itemSize
  return { name, dtype, shape, strides, file, byteOffset, byteLength: span * itemSize }
}
