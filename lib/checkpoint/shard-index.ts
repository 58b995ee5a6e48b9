import { basename } from 'node:path'
import { z } from 'zod'
import { invalidFile, listProblems, quote } from './entry.ts'
import { readJson } from './json.ts'

const SCHEMA = z.looseObject({ weight_map: z.record(z.string(), z.string()) })

/** What a `*.index.json` says: which shard holds which tensor. */
export interface ShardIndex {
  weightMap: Record<string, string>
  /** File names, all in the folder of the index. */
  shards: string[]
}

/**
 * Reads the index of a sharded checkpoint.
 * @throws TorchLoraError INVALID_FILE when it is malformed or names a file elsewhere
 */
export async function readShardIndex(path: string): Promise<ShardIndex> {
  const { weight_map: weightMap } = await readJson(path, SCHEMA)
  const shards = [...new Set(Object.values(weightMap))].sort()
  const outside = shards.filter(
    (name) => name !== basename(name) || name === '..' || name.endsWith('.index.json'),
  )
  if (outside.length > 0) {
    throw invalidFile(path, `names shards that are not files beside it: ${listProblems(outside.map(quote))}`)
  }
  return { weightMap, shards }
}
