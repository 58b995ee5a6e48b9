import { z } from 'zod'
import { invalidFile, listProblems, quote } from './entry.ts'
import { readJson } from './json.ts'

const SCHEMA = z.looseObject({ weight_map: z.record(z.string(), z.string()) })

/** A plain name beside the index, with the ending of a file of weights. */
const SHARD = /^[\w.+=@ -]*\w\.(safetensors|bin|pt|pth)$/

/** What a `*.index.json` says: which shard holds which tensor. */
export interface ShardIndex {
  /** Shards by the names of their tensors. */
  weightMap: ReadonlyMap<string, string>
  /** File names, all in the folder of the index. */
  shards: string[]
}

/**
 * Reads the index of a sharded checkpoint.
 * @throws TorchLoraError INVALID_FILE when it is malformed, names no tensor, or names what is no file of weights
 *   beside it
 */
export async function readShardIndex(path: string): Promise<ShardIndex> {
  const { weight_map: weights } = await readJson(path, SCHEMA)
  const weightMap = new Map(Object.entries(weights))
  if (weightMap.size === 0) throw invalidFile(path, 'names no tensor in its weight_map')
  const shards = [...new Set(weightMap.values())].sort()
  const odd = shards.filter((name) => !SHARD.test(name))
  if (odd.length > 0) {
    const expected = 'expected names such as "model-00001-of-00002.safetensors", of files beside it'
    throw invalidFile(
      path,
      `names shards that are not files of weights beside it: ${listProblems(odd.map(quote))}; ${expected}`,
    )
  }
  return { weightMap, shards }
}
