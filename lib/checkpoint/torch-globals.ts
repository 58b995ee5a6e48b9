import { TorchLoraError } from '../errors.ts'
import type { DType } from '../native.ts'
import { ITEM_SIZE, invalidFile, isCount, MAX_DIMENSIONS, quote } from './entry.ts'
import {
  kindOf,
  PickleDict,
  PickleGlobal,
  PickleTuple,
  type PickleValue,
  TorchStorage,
  TorchTensor,
} from './pickle-values.ts'

/** Storage classes of torch that hold a dtype we have. */
const STORAGES: Readonly<Record<string, DType>> = {
  DoubleStorage: 'float64',
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
}

const DTYPES: readonly DType[] = [
  'float64',
  'float32',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'bool',
]

/** Well known and harmless, but of no use here: a better word for them than "unsafe". */
const UNSUPPORTED = [
  'ComplexFloatStorage',
  'ComplexDoubleStorage',
  'QInt8Storage',
  'QUInt8Storage',
  'QInt32Storage',
  'QUInt4x2Storage',
  'QUInt2x4Storage',
]

/**
 * The allow list of a `torch.save` of tensors: every name a pickle may mention, and the plain function that stands for
 * it. Nothing of Python is looked up by name.
 *
 * Source: torch/_utils.py (`_rebuild_*`), torch/serialization.py, torch/_weights_only_unpickler.py.
 */
export function torchGlobals(file: string): ReadonlyMap<string, PickleGlobal> {
  const globals = new Map<string, PickleGlobal>()
  const value = (name: string, dtype?: DType) => globals.set(name, new PickleGlobal(name, { dtype }))
  const callable = (name: string, call: (args: readonly PickleValue[]) => PickleValue) =>
    globals.set(name, new PickleGlobal(name, { call }))

  for (const [name, dtype] of Object.entries(STORAGES)) value(`torch.${name}`, dtype)
  for (const dtype of DTYPES) value(`torch.${dtype}`, dtype)
  value('torch.storage.UntypedStorage')
  value('torch.UntypedStorage')
  for (const name of UNSUPPORTED) value(`torch.${name}`)

  callable('collections.OrderedDict', (args) => orderedDict(file, args))
  callable('torch.Size', (args) => new PickleTuple(items(file, 'torch.Size', args[0])))
  for (const module of ['builtins', '__builtin__']) {
    callable(`${module}.set`, (args) => new Set(items(file, 'set', args[0] ?? [])))
  }
  callable('torch._utils._rebuild_tensor', (args) => rebuildTensor(file, args))
  callable('torch._utils._rebuild_tensor_v2', (args) => rebuildTensor(file, args))
  callable('torch._utils._rebuild_tensor_v3', (args) =>
    rebuildTensor(file, args, dtypeArgument(file, args[6])),
  )
  callable('torch._utils._rebuild_parameter', (args) => parameter(file, args))
  callable('torch._utils._rebuild_parameter_with_state', (args) => parameter(file, args))
  return globals
}

/** The storage behind a persistent id `('storage', class, key, location, size)`, still without a place in the file. */
export function storageOfPersistentId(
  file: string,
  id: PickleValue,
): { storage: TorchStorage; view: PickleValue } {
  const parts = id instanceof PickleTuple ? id.items : []
  const [tag, type, key, , size, view] = parts
  if (tag !== 'storage' || !(type instanceof PickleGlobal) || typeof key !== 'string' || !isCount(size)) {
    throw invalidFile(file, 'a malformed pickle: a persistent id that is no storage')
  }
  const untyped = type.name.endsWith('UntypedStorage')
  if (!untyped && (type.dtype === undefined || !type.name.endsWith('Storage'))) {
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${file}: holds ${type.name}; supported are ${Object.keys(STORAGES).join(', ')}`,
      { file },
    )
  }
  const byteLength = size * (type.dtype === undefined ? 1 : ITEM_SIZE[type.dtype])
  if (!Number.isSafeInteger(byteLength))
    throw invalidFile(file, `storage ${quote(key)} has an impossible size of ${size}`)
  return { storage: new TorchStorage(key, type.dtype, byteLength), view: view ?? null }
}

/** `(storage, storage_offset, size, stride, ...)` */
function rebuildTensor(file: string, args: readonly PickleValue[], dtypeGiven?: DType): TorchTensor {
  const [storage, storageOffset, size, stride] = args
  if (!(storage instanceof TorchStorage))
    throw invalidFile(file, `a tensor over ${kindOf(storage)}, expected a storage`)
  const dtype = dtypeGiven ?? storage.dtype
  const shape = counts(size)
  const strides = counts(stride)
  if (
    dtype === undefined ||
    !isCount(storageOffset) ||
    !shape ||
    !strides ||
    shape.length !== strides.length
  ) {
    throw invalidFile(
      file,
      `a tensor over storage ${quote(storage.key)} with a malformed dtype, offset, shape or strides`,
    )
  }
  return new TorchTensor({ storage, dtype, storageOffset, shape, strides })
}

function parameter(file: string, args: readonly PickleValue[]): TorchTensor {
  if (args[0] instanceof TorchTensor) return args[0]
  throw invalidFile(file, `a parameter over ${kindOf(args[0])}, expected a tensor`)
}

function orderedDict(file: string, args: readonly PickleValue[]): PickleDict {
  const dict = new PickleDict(true)
  for (const pair of args.length === 0 ? [] : items(file, 'OrderedDict', args[0])) {
    const [key, value, ...rest] = items(file, 'OrderedDict', pair)
    if (key === undefined || value === undefined || rest.length > 0) {
      throw invalidFile(file, 'a malformed pickle: an OrderedDict item that is no pair')
    }
    dict.map.set(key, value)
  }
  return dict
}

function dtypeArgument(file: string, value: PickleValue | undefined): DType {
  if (value instanceof PickleGlobal && value.dtype !== undefined) return value.dtype
  throw invalidFile(file, `a tensor of dtype ${kindOf(value)}`)
}

function items(file: string, of: string, value: PickleValue | undefined): readonly PickleValue[] {
  if (value instanceof PickleTuple) return value.items
  if (Array.isArray(value)) return value
  throw invalidFile(file, `a malformed pickle: ${of} of ${kindOf(value)}`)
}

/** Sizes or strides, one a dimension. */
function counts(value: PickleValue | undefined): number[] | undefined {
  const list = value instanceof PickleTuple ? value.items : value
  if (!Array.isArray(list) || list.length > MAX_DIMENSIONS) return undefined
  return list.every(isCount) ? [...(list as number[])] : undefined
}
