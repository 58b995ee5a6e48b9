import { TorchLoraError } from '../errors.ts'
import { type CheckpointIndex, ITEM_SIZE, invalidFile, isCount, quote } from './entry.ts'
import type { OpenFile } from './file.ts'
import type { UnpickleContext } from './pickle-machine.ts'
import { PickleTruncated } from './pickle-reader.ts'
import { kindOf, PickleDict, PickleTuple, type PickleValue, TorchStorage } from './pickle-values.ts'
import { indexStateDict } from './state-dict.ts'
import { storageOfPersistentId, torchGlobals } from './torch-globals.ts'
import { unpickle } from './unpickler.ts'

const MAGIC = 0x1950a86a20f9469cfc6cn
const PROTOCOL = 1001
const MAX_PICKLE_BYTES = 32 * 2 ** 20

/**
 * Indexes what `torch.save` wrote before PyTorch 1.6: a row of pickles (magic number, protocol, system, the value, the
 * keys of its storages), then every storage as a count and its elements.
 *
 * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, UNSUPPORTED (big-endian)
 * Source: torch/serialization.py `_legacy_save` and `_legacy_load`.
 */
export async function readTorchLegacy(file: OpenFile): Promise<CheckpointIndex> {
  const storages = new LegacyStorages(file.path)
  const pickles = new PickleStream(file, {
    file: file.path,
    globals: torchGlobals(file.path),
    persistentLoad: (id) => storages.load(id),
  })
  if ((await pickles.next()) !== MAGIC)
    throw invalidFile(file.path, 'not a checkpoint: no magic number of torch.save')
  const protocol = await pickles.next()
  if (protocol !== PROTOCOL) {
    const found = typeof protocol === 'number' ? protocol : kindOf(protocol)
    throw invalidFile(file.path, `torch.save protocol ${found}, expected ${PROTOCOL}`)
  }
  refuseBigEndian(file.path, await pickles.next())
  const value = await pickles.next()
  const keys = await pickles.next()
  await storages.place(file, pickles.position, keys)
  return indexStateDict(file.path, value)
}

function refuseBigEndian(file: string, system: PickleValue): void {
  if (system instanceof PickleDict && system.map.get('little_endian') === true) return
  throw new TorchLoraError('UNSUPPORTED', `${file}: was not written on a little-endian machine`, { file })
}

/** Pickles one after another; each is read in growing pieces because nothing says how long it is. */
class PickleStream {
  readonly #file: OpenFile
  readonly #context: UnpickleContext
  position = 0

  constructor(file: OpenFile, context: UnpickleContext) {
    this.#file = file
    this.#context = context
  }

  async next(): Promise<PickleValue> {
    const rest = Math.min(this.#file.size - this.position, MAX_PICKLE_BYTES)
    for (let length = Math.min(rest, 2 ** 16); ; length = Math.min(rest, length * 8)) {
      const bytes = await this.#file.read(this.position, length)
      try {
        const { value, end } = unpickle(bytes, this.#context)
        this.position += end
        return value
      } catch (cause) {
        if (!(cause instanceof PickleTruncated)) throw cause
        if (length === rest)
          throw invalidFile(
            this.#file.path,
            rest === MAX_PICKLE_BYTES
              ? `a pickle of more than ${MAX_PICKLE_BYTES} bytes`
              : 'truncated within its pickles: get the file again',
            cause,
          )
      }
    }
  }
}

/** The storages that the pickle named, and the stretches of the file they turn out to be. */
class LegacyStorages {
  readonly #file: string
  readonly #roots = new Map<string, TorchStorage>()
  readonly #views: { root: string; byteOffset: number; storage: TorchStorage }[] = []

  constructor(file: string) {
    this.#file = file
  }

  load(id: PickleValue): TorchStorage {
    const { storage, view } = storageOfPersistentId(this.#file, id)
    const known = this.#roots.get(storage.key)
    if (known !== undefined && (known.byteLength !== storage.byteLength || known.dtype !== storage.dtype)) {
      throw invalidFile(this.#file, `storage ${quote(storage.key)} has two sizes or types`)
    }
    const root = known ?? storage
    this.#roots.set(storage.key, root)
    return view === null ? root : this.#view(root, view)
  }

  /** `(key, offset, size)` in elements of the root storage. */
  #view(root: TorchStorage, view: PickleValue): TorchStorage {
    const [key, offset, size] = view instanceof PickleTuple ? view.items : []
    const itemSize = root.dtype === undefined ? 1 : ITEM_SIZE[root.dtype]
    if (
      typeof key !== 'string' ||
      !isCount(offset) ||
      !isCount(size) ||
      (offset + size) * itemSize > root.byteLength
    ) {
      throw invalidFile(this.#file, `a view that does not fit storage ${quote(root.key)}`)
    }
    const storage = new TorchStorage(key, root.dtype, size * itemSize)
    this.#views.push({ root: root.key, byteOffset: offset * itemSize, storage })
    return storage
  }

  /** Walks over the storages behind the pickles: 8 bytes of element count, then the elements. */
  async place(file: OpenFile, start: number, keys: PickleValue): Promise<void> {
    if (!Array.isArray(keys)) throw invalidFile(this.#file, 'a malformed checkpoint: no list of storages')
    let position = start
    for (const key of keys) {
      const storage = typeof key === 'string' ? this.#roots.get(key) : undefined
      if (storage === undefined || storage.byteOffset !== undefined) {
        throw invalidFile(
          this.#file,
          'a malformed checkpoint: a storage that no tensor uses, or that comes twice',
        )
      }
      const itemSize = storage.dtype === undefined ? 1 : ITEM_SIZE[storage.dtype]
      const count = (await file.read(position, 8)).readBigInt64LE()
      if (count * BigInt(itemSize) !== BigInt(storage.byteLength)) {
        throw invalidFile(
          this.#file,
          `storage ${quote(storage.key)} claims ${storage.byteLength} bytes, its header ${count} elements of ${itemSize}`,
        )
      }
      storage.byteOffset = position + 8
      position = storage.byteOffset + storage.byteLength
      if (position > file.size) {
        throw invalidFile(
          this.#file,
          `truncated: ${file.size} bytes, expected at least ${position}; get the file again`,
        )
      }
    }
    for (const { root, byteOffset, storage } of this.#views) {
      const base = this.#roots.get(root)?.byteOffset
      if (base !== undefined) storage.byteOffset = base + byteOffset
    }
  }
}
