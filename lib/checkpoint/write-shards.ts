import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type PendingFile, prepareFile } from './atomic.ts'
import { elementCount } from './entry.ts'
import { byteLengthOf, prepareSafetensors, type TensorSource } from './write-safetensors.ts'

/** How {@link writeCheckpoint} names and cuts. */
export interface WriteCheckpointOptions {
  /** Bytes of tensors a file may hold; 50 GB if not given, as in transformers. A larger tensor gets its own file. */
  maxShardBytes?: number | undefined
  /** `model` if not given: `model.safetensors`, or `model-00001-of-00002.safetensors` and so on. */
  baseName?: string | undefined
  metadata?: Readonly<Record<string, string>> | undefined
}

/**
 * Writes the weights of a model folder: one safetensors file, or shards with `model.safetensors.index.json` when they
 * are larger than `maxShardBytes`. Nothing is replaced before everything is on disk; weights of an earlier save under
 * the same base name are removed afterwards. Shards are cut in the order of the names, as transformers 5 does.
 *
 * @returns the names of the files written
 * @throws TorchLoraError as `writeSafetensors`
 * Source: huggingface_hub `split_state_dict_into_shards_factory`, transformers `save_pretrained`.
 */
export async function writeCheckpoint(
  folder: string,
  tensors: Iterable<TensorSource>,
  options: WriteCheckpointOptions = {},
): Promise<string[]> {
  const { maxShardBytes = 50e9, baseName = 'model', metadata = { format: 'pt' } } = options
  const shards = splitShards([...tensors].sort(byName), maxShardBytes)
  const names = shards.map((_, index) => shardName(baseName, index, shards.length))
  const pending: PendingFile[] = []
  try {
    for (const [index, shard] of shards.entries()) {
      pending.push(await prepareSafetensors(join(folder, names[index] as string), shard, metadata))
    }
    if (shards.length > 1) {
      const indexName = `${baseName}.safetensors.index.json`
      const text = `${JSON.stringify(shardIndex(shards, names), null, 2)}\n`
      pending.push(await prepareFile(join(folder, indexName), (handle) => handle.writeFile(text)))
      names.push(indexName)
    }
    for (const file of pending) await file.commit()
  } catch (cause) {
    await Promise.all(pending.map((file) => file.discard()))
    throw cause
  }
  await removeEarlier(folder, baseName, names)
  return names
}

function byName(a: TensorSource, b: TensorSource): number {
  return Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))
}

function splitShards(tensors: Iterable<TensorSource>, maxBytes: number): TensorSource[][] {
  const shards: TensorSource[][] = []
  let current: TensorSource[] = []
  let bytes = 0
  for (const tensor of tensors) {
    const size = byteLengthOf(tensor)
    if (size > maxBytes) {
      shards.push([tensor])
      continue
    }
    if (bytes + size > maxBytes) {
      shards.push(current)
      current = []
      bytes = 0
    }
    current.push(tensor)
    bytes += size
  }
  if (current.length > 0 || shards.length === 0) shards.push(current)
  return shards
}

function shardName(baseName: string, index: number, count: number): string {
  if (count === 1) return `${baseName}.safetensors`
  const digits = (value: number) => String(value).padStart(5, '0')
  return `${baseName}-${digits(index + 1)}-of-${digits(count)}.safetensors`
}

function shardIndex(shards: readonly TensorSource[][], names: readonly string[]) {
  const places = shards.flatMap((shard, index) => shard.map(({ name }) => [name, names[index]] as const))
  const all = shards.flat()
  return {
    metadata: {
      total_parameters: all.reduce((sum, { shape }) => sum + (elementCount(shape) ?? 0), 0),
      total_size: all.reduce((sum, tensor) => sum + byteLengthOf(tensor), 0),
    },
    weight_map: Object.fromEntries(places.sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** Stale shards would be dead weight, and a stale single file would be loaded instead of the new shards. */
async function removeEarlier(folder: string, baseName: string, written: readonly string[]): Promise<void> {
  const kept = new Set(written)
  const escaped = baseName.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const ours = new RegExp(`^${escaped}(-\\d{5}-of-\\d{5})?\\.safetensors(\\.index\\.json)?$`)
  for (const name of await readdir(folder)) {
    if (ours.test(name) && !kept.has(name)) await rm(join(folder, name), { force: true })
  }
}
