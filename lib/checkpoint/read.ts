import { stat } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { TorchLoraError } from '../errors.ts'
import { type CheckpointIndex, invalidFile, listProblems, quote } from './entry.ts'
import { type OpenFile, withFile } from './file.ts'
import { readSafetensors } from './safetensors.ts'
import { readShardIndex } from './shard-index.ts'
import { readTorchLegacy } from './torch-legacy.ts'

/** Weights of a model folder, in the order of preference of transformers. */
export const MODEL_FILES: readonly string[] = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
]

/** Weights of an adapter folder, in the order of preference of peft. */
export const ADAPTER_FILES: readonly string[] = ['adapter_model.safetensors', 'adapter_model.bin']

/**
 * Indexes a checkpoint: names, dtypes, shapes and where the bytes lie. No tensor is read.
 *
 * @param dirOrFile a model folder; or a `.safetensors` file, a `.bin`/`.pt` of `torch.save` (zip or legacy), or a
 *   `.index.json` of shards
 * @param options.candidates for a folder: which files to look for, in order; {@link MODEL_FILES} if not given
 * @throws TorchLoraError INVALID_FILE (missing, truncated, malformed, a header that lies), UNSAFE_FILE (a pickle that
 *   would run code; nothing of it is run), UNSUPPORTED (a dtype or byte order that cannot be mapped)
 */
export async function readCheckpoint(
  dirOrFile: string,
  options: { candidates?: readonly string[] | undefined } = {},
): Promise<CheckpointIndex> {
  const path = await findWeights(dirOrFile, options.candidates ?? MODEL_FILES)
  return path.endsWith('.index.json') ? readShards(path) : readWeights(path)
}

/** One file of weights, whatever its format. */
function readWeights(path: string): Promise<CheckpointIndex> {
  return extname(path) === '.safetensors' ? readSafetensors(path) : readByContent(path)
}

async function findWeights(dirOrFile: string, candidates: readonly string[]): Promise<string> {
  if (!(await isFolder(dirOrFile))) return dirOrFile
  for (const name of candidates) {
    const path = join(dirOrFile, name)
    if (await exists(path)) return path
  }
  throw invalidFile(dirOrFile, `a folder without weights, expected one of ${candidates.join(', ')}`)
}

/** A `.bin` says nothing about what is in it; its first bytes do. */
async function readByContent(path: string): Promise<CheckpointIndex> {
  const format = await withFile(path, sniff)
  if (format === 'zip') return withFile(path, (await import('./torch-zip.ts')).readTorchZip)
  if (format === 'legacy') return withFile(path, readTorchLegacy)
  if (format === 'safetensors') return readSafetensors(path)
  throw invalidFile(path, 'neither safetensors nor a file of torch.save, by its first bytes')
}

async function sniff(file: OpenFile): Promise<'zip' | 'legacy' | 'safetensors' | undefined> {
  const head = await file.read(0, Math.min(9, file.size))
  if (head.subarray(0, 4).toString('latin1') === 'PK\x03\x04') return 'zip'
  if (head[0] === 0x80) return 'legacy' // PROTO, the first opcode of every pickle since protocol 2
  if (head[8] === 0x7b) return 'safetensors' // "{" after 8 bytes of length
  return undefined
}

async function readShards(indexPath: string): Promise<CheckpointIndex> {
  const { weightMap, shards } = await readShardIndex(indexPath)
  const entries: CheckpointIndex['entries'] = new Map()
  const metadata: Record<string, string> = {}
  for (const shard of shards) {
    const index = await readWeights(join(dirname(indexPath), shard))
    Object.assign(metadata, index.metadata)
    for (const [name, entry] of index.entries) {
      // The index decides where a name is in two shards; names that it leaves out are taken as they are.
      if ((weightMap.get(name) ?? shard) === shard) entries.set(name, entry)
    }
  }
  const missing = [...weightMap].filter(([name]) => !entries.has(name))
  if (missing.length > 0) {
    const names = missing.map(([name, shard]) => `${quote(name)} in ${shard}`)
    throw invalidFile(indexPath, `tensors that are not in their shards: ${listProblems(names)}`)
  }
  return { entries, metadata }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') throw invalidFile(path, 'no such file or folder', cause)
    throw new TorchLoraError('INVALID_FILE', `${path}: cannot be read (${code ?? String(cause)})`, {
      file: path,
      cause,
    })
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
