import { TorchLoraError } from '../errors.ts'
import { guarded, type Native } from '../native.ts'
import { Tensor } from '../tensor.ts'
import type { TensorEntry } from './entry.ts'
import type { TensorSource } from './write-safetensors.ts'

/**
 * The tensors of a checkpoint on the pages of its files: nothing is read until it is used, and what is only
 * read is shared with every process that maps the file.
 * @throws TorchLoraError INVALID_FILE when a file changed since it was indexed
 */
export function mapTensors(entries: Iterable<TensorEntry>): Map<string, Tensor> {
  const files = new Map<string, number>()
  const tensors = new Map<string, Tensor>()
  try {
    for (const { name, dtype, shape, strides, file, byteOffset, byteLength } of entries) {
      const mapped = files.get(file) ?? ofFile(file, (native) => native.openFile(file))
      files.set(file, mapped)
      const id = ofFile(file, (native) =>
        native.mappedTensor(mapped, byteOffset, byteLength, dtype, shape, strides),
      )
      tensors.set(name, Tensor.wrap(id))
    }
  } finally {
    for (const file of files.values()) guarded((native) => native.releaseFile(file))
  }
  return tensors
}

/** What the addon refuses here was well when the file was indexed. */
function ofFile<T>(file: string, body: (native: Native) => T): T {
  try {
    return guarded(body)
  } catch (cause) {
    const message = `${file} has changed since it was opened: ${(cause as Error).message}`
    throw new TorchLoraError('INVALID_FILE', message, { file, cause })
  }
}

/** Tensors as `writeCheckpoint` takes them; each is read when its turn comes, off the main thread. */
export function tensorSources(tensors: Iterable<[name: string, tensor: Tensor]>): TensorSource[] {
  return Array.from(tensors, ([name, tensor]) => ({
    name,
    dtype: tensor.dtype,
    shape: tensor.shape,
    data: (async function* () {
      yield await tensor.bytes()
    })(),
  }))
}
