import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl'
import { TorchLoraError } from '../errors.ts'
import { type CheckpointIndex, invalidFile, quote } from './entry.ts'
import type { OpenFile } from './file.ts'
import { PickleTruncated } from './pickle-reader.ts'
import type { PickleValue, TorchStorage } from './pickle-values.ts'
import { indexStateDict } from './state-dict.ts'
import { storageOfPersistentId, torchGlobals } from './torch-globals.ts'
import { unpickle } from './unpickler.ts'

/** Larger than the pickle of any model: a hundred bytes a tensor. */
const MAX_PICKLE_BYTES = 32 * 2 ** 20

/** One a storage: as many tensors as a pickle can name. */
const MAX_RECORDS = 200_000

/** A record of the archive, its bytes stored as they are. */
interface ZipRecord {
  offset: number
  size: number
}

/**
 * Indexes what `torch.save` has written since PyTorch 1.6: a zip of stored records, `data.pkl` and one a storage.
 *
 * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, UNSUPPORTED (big-endian, compressed, TorchScript)
 * Source: torch/serialization.py `_save` and `_load`, caffe2/serialize/inline_container.h.
 */
export async function readTorchZip(file: OpenFile): Promise<CheckpointIndex> {
  const records = await readRecords(file)
  if (records.has('constants.pkl')) {
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${file.path}: is a TorchScript archive; save its state_dict() instead`,
      {
        file: file.path,
      },
    )
  }
  await refuseBigEndian(file, records)
  const pickle = records.get('data.pkl')
  if (pickle === undefined) throw invalidFile(file.path, 'a zip without data.pkl, so not made by torch.save')
  if (pickle.size > MAX_PICKLE_BYTES) throw invalidFile(file.path, `a data.pkl of ${pickle.size} bytes`)
  return indexStateDict(file.path, unpickleRecord(file, await file.read(pickle.offset, pickle.size), records))
}

function unpickleRecord(file: OpenFile, bytes: Buffer, records: ReadonlyMap<string, ZipRecord>): PickleValue {
  const storages = new Map<string, TorchStorage>()
  const persistentLoad = (id: PickleValue): PickleValue => {
    const { storage } = storageOfPersistentId(file.path, id)
    const known = storages.get(storage.key)
    if (known !== undefined && known.dtype === storage.dtype) return known
    const record = records.get(`data/${storage.key}`)
    if (record === undefined) throw invalidFile(file.path, `has no record for storage ${quote(storage.key)}`)
    if (record.size !== storage.byteLength) {
      throw invalidFile(
        file.path,
        `storage ${quote(storage.key)} claims ${storage.byteLength} bytes, its record has ${record.size}`,
      )
    }
    storage.byteOffset = record.offset
    storages.set(storage.key, storage)
    return storage
  }
  try {
    return unpickle(bytes, { file: file.path, globals: torchGlobals(file.path), persistentLoad }).value
  } catch (cause) {
    if (cause instanceof PickleTruncated)
      throw invalidFile(file.path, 'data.pkl ends before its value', cause)
    throw cause
  }
}

async function refuseBigEndian(file: OpenFile, records: ReadonlyMap<string, ZipRecord>): Promise<void> {
  const record = records.get('byteorder')
  if (record === undefined) return // written since PyTorch 2.1
  const order = (await file.read(record.offset, Math.min(record.size, 16))).toString('latin1')
  if (order !== 'little') {
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${file.path}: byte order ${quote(order)}, only "little" can be mapped`,
      {
        file: file.path,
      },
    )
  }
}

/** All records, by their names without the archive's own folder. */
async function readRecords(file: OpenFile): Promise<Map<string, ZipRecord>> {
  const records = new Map<string, ZipRecord>()
  let zip: ZipFile | undefined
  try {
    zip = await fromRandomAccessReaderPromise(new FileReader(file), file.size, { autoClose: false })
    for await (const entry of zip.eachEntry()) {
      if (records.size === MAX_RECORDS) throw new Error(`it has more than ${MAX_RECORDS} records`)
      const name = entry.fileName.slice(entry.fileName.indexOf('/') + 1)
      if (records.has(name)) throw new Error(`the record ${quote(name)} is there twice`)
      records.set(name, await locate(file, zip, entry))
    }
  } catch (cause) {
    if (cause instanceof TorchLoraError) throw cause
    throw invalidFile(file.path, `a damaged zip: ${(cause as Error).message}`, cause)
  } finally {
    zip?.close()
  }
  return records
}

async function locate(file: OpenFile, zip: ZipFile, entry: Entry): Promise<ZipRecord> {
  if (
    entry.compressionMethod !== 0 ||
    entry.isEncrypted() ||
    entry.compressedSize !== entry.uncompressedSize
  ) {
    const problem = `the record ${quote(entry.fileName)} is compressed or encrypted, and torch.save stores plainly`
    throw new TorchLoraError('UNSUPPORTED', `${file.path}: ${problem}`, { file: file.path })
  }
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true })
  if (fileDataStart + entry.uncompressedSize > file.size)
    throw new Error(`${quote(entry.fileName)} exceeds the file`)
  return { offset: fileDataStart, size: entry.uncompressedSize }
}

/** yauzl's own reader throws from inside a callback for positions beyond 2^53, which would end the process. */
class FileReader extends RandomAccessReader {
  readonly #file: OpenFile
  constructor(file: OpenFile) {
    super()
    this.#file = file
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    if (!Number.isSafeInteger(position) || position < 0 || position + length > this.#file.size) {
      process.nextTick(callback, new Error(`a position outside the file, ${position}`))
      return
    }
    this.#file.read(position, length).then(
      (bytes) => {
        bytes.copy(buffer, offset)
        callback(null)
      },
      (error) => callback(error as Error),
    )
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null) // the file belongs to the caller
  }
}
