import type { FileHandle } from 'node:fs/promises'
import { TorchLoraError } from '../errors.ts'
import type { DType } from '../native.ts'
import { type PendingFile, prepareFile } from './atomic.ts'
import { elementCount, ITEM_SIZE, isCount } from './entry.ts'

/** A tensor to write: its bytes row-major and little-endian, at once or in pieces made when their turn comes. */
export interface TensorSource {
  name: string
  dtype: DType
  shape: readonly number[]
  data: Uint8Array | AsyncIterable<Uint8Array>
}

/** The format's names, in the order in which the safetensors library sorts them: the last comes first. */
const ORDER: readonly [DType, string][] = [
  ['bool', 'BOOL'],
  ['uint8', 'U8'],
  ['int8', 'I8'],
  ['int16', 'I16'],
  ['float16', 'F16'],
  ['bfloat16', 'BF16'],
  ['int32', 'I32'],
  ['float32', 'F32'],
  ['float64', 'F64'],
  ['int64', 'I64'],
]
const CODES = new Map(ORDER)
const RANKS = new Map(ORDER.map(([dtype], rank) => [dtype, rank]))

/**
 * Writes a safetensors file, byte for byte as the safetensors library would: wide dtypes first, then by name, the
 * header padded to 8 bytes. Streams: one piece of one tensor is in memory at a time. Atomic: on any failure the old
 * file, or none, is there.
 *
 * @param metadata written as `__metadata__`; transformers demands `format`
 * @throws TorchLoraError INVALID_ARGUMENT for bytes that do not fit their shape, or a name used twice; INVALID_FILE
 *   when the disk refuses
 * Source: `safetensors::serialize` (Rust), format at https://huggingface.co/docs/safetensors
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<TensorSource>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<void> {
  await (await prepareSafetensors(path, tensors, metadata)).commit()
}

/** As {@link writeSafetensors}, not yet in its place. */
export function prepareSafetensors(
  path: string,
  tensors: Iterable<TensorSource>,
  metadata: Readonly<Record<string, string>>,
): Promise<PendingFile> {
  const ordered = [...tensors].sort(byDtypeThenName)
  const header = serializeHeader(ordered, metadata)
  return prepareFile(path, async (handle) => {
    await writeAll(handle, header)
    for (const tensor of ordered) await writeTensor(handle, tensor)
  })
}

/**
 * Bytes of a tensor as safetensors stores it.
 * @throws TorchLoraError INVALID_ARGUMENT for a size that is negative, not an integer, or too large
 */
export function byteLengthOf({ name, dtype, shape }: Omit<TensorSource, 'data'>): number {
  const count = shape.every(isCount) ? elementCount(shape) : undefined
  const bytes = (count ?? Number.NaN) * ITEM_SIZE[dtype]
  if (!Number.isSafeInteger(bytes)) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `tensor "${name}" has the shape [${shape}] of ${dtype}, which has no size`,
    )
  }
  return bytes
}

function byDtypeThenName(a: TensorSource, b: TensorSource): number {
  const byDtype = (RANKS.get(b.dtype) as number) - (RANKS.get(a.dtype) as number)
  return byDtype || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))
}

function serializeHeader(
  tensors: readonly TensorSource[],
  metadata: Readonly<Record<string, string>>,
): Buffer {
  const fields: string[] = []
  if (Object.keys(metadata).length > 0) fields.push(`"__metadata__":${JSON.stringify(metadata)}`)
  const names = new Set(['__metadata__'])
  let end = 0
  for (const tensor of tensors) {
    if (names.has(tensor.name)) {
      throw new TorchLoraError('INVALID_ARGUMENT', `the name "${tensor.name}" is used twice or reserved`)
    }
    names.add(tensor.name)
    const begin = end
    end += byteLengthOf(tensor)
    const info = { dtype: CODES.get(tensor.dtype), shape: tensor.shape, data_offsets: [begin, end] }
    fields.push(`${JSON.stringify(tensor.name)}:${JSON.stringify(info)}`)
  }
  const json = Buffer.from(`{${fields.join(',')}}`)
  const padded = Math.ceil(json.length / 8) * 8
  const header = Buffer.alloc(8 + padded, ' ')
  header.writeBigUInt64LE(BigInt(padded))
  json.copy(header, 8)
  return header
}

async function writeTensor(handle: FileHandle, tensor: TensorSource): Promise<void> {
  const expected = byteLengthOf(tensor)
  let written = 0
  for await (const piece of tensor.data instanceof Uint8Array ? [tensor.data] : tensor.data) {
    written += piece.byteLength
    if (written > expected) break
    await writeAll(handle, piece)
  }
  if (written !== expected) {
    const amount = written > expected ? `more than ${expected}` : `${written} of ${expected}`
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `tensor "${tensor.name}" of shape [${tensor.shape}] ${tensor.dtype} came with ${amount} bytes`,
    )
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    done += (await handle.write(bytes, done, bytes.byteLength - done)).bytesWritten
  }
}
