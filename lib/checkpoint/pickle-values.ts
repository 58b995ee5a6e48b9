import type { DType } from '../native.ts'

/** A Python tuple; lists are JS arrays. */
export class PickleTuple {
  readonly items: readonly PickleValue[]
  constructor(items: readonly PickleValue[]) {
    this.items = items
  }
}

/** A dict or an OrderedDict. */
export class PickleDict {
  readonly map = new Map<PickleValue, PickleValue>()
  readonly ordered: boolean
  constructor(ordered: boolean) {
    this.ordered = ordered
  }
}

/** A name of the allow list. `call` is what REDUCE may do with it; a name without `call` is only a value. */
export class PickleGlobal {
  readonly name: string
  readonly call: ((args: readonly PickleValue[]) => PickleValue) | undefined
  /** For storage classes and `torch.float32` and its like. */
  readonly dtype: DType | undefined
  constructor(
    name: string,
    options: {
      call?: ((args: readonly PickleValue[]) => PickleValue) | undefined
      dtype?: DType | undefined
    } = {},
  ) {
    this.name = name
    this.call = options.call
    this.dtype = options.dtype
  }
}

/** The memory that tensors are views of: a record of a zip, or a stretch of a legacy file. */
export class TorchStorage {
  readonly key: string
  /** Undefined for an untyped storage, whose `size` is in bytes. */
  readonly dtype: DType | undefined
  readonly byteLength: number
  /** Where it starts in the file; known at once in a zip, after the pickles in a legacy file. */
  byteOffset: number | undefined
  constructor(key: string, dtype: DType | undefined, byteLength: number, byteOffset?: number) {
    this.key = key
    this.dtype = dtype
    this.byteLength = byteLength
    this.byteOffset = byteOffset
  }
}

/** A tensor as the pickle describes it: geometry over a storage, not yet checked against it. */
export class TorchTensor {
  readonly storage: TorchStorage
  readonly dtype: DType
  /** In elements of `dtype`. */
  readonly storageOffset: number
  readonly shape: number[]
  readonly strides: number[]
  constructor(options: {
    storage: TorchStorage
    dtype: DType
    storageOffset: number
    shape: number[]
    strides: number[]
  }) {
    this.storage = options.storage
    this.dtype = options.dtype
    this.storageOffset = options.storageOffset
    this.shape = options.shape
    this.strides = options.strides
  }
}

/** Everything the restricted unpickler can make. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Set<PickleValue>
  | PickleTuple
  | PickleDict
  | PickleGlobal
  | TorchStorage
  | TorchTensor

/** What a value is, for messages. */
export function kindOf(value: PickleValue | undefined): string {
  if (value === null || value === undefined) return 'None'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof PickleTuple) return 'a tuple'
  if (value instanceof PickleDict) return 'a dict'
  if (value instanceof PickleGlobal) return value.name
  if (value instanceof TorchStorage) return 'a storage'
  if (value instanceof TorchTensor) return 'a tensor'
  if (value instanceof Set) return 'a set'
  if (value instanceof Uint8Array) return 'bytes'
  return `a ${typeof value}`
}
