import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ADAPTER_FILES, type CheckpointIndex } from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'
import { pathOfKey } from './adapter-keys.ts'
import { LoraConfig } from './config.ts'
import type { PeftConfig } from './peft-config.ts'
import { patternValue } from './targets.ts'

/** The adapter's own folder or file: of a run's folder, which holds it in `adapter/`, that. */
export function adapterPath(dirOrFile: string): string {
  const own = [...ADAPTER_FILES, 'adapter_config.json'].some((name) => existsSync(join(dirOrFile, name)))
  const below = join(dirOrFile, 'adapter')
  return !own && existsSync(join(below, 'adapter_config.json')) ? below : dirOrFile
}

/**
 * The config with no rank beyond those of the file's tensors, so that nothing is allocated which they do not bear out.
 * A larger one can only be of a layer that the file lacks, and is then missed.
 * @throws TorchLoraError INCOMPATIBLE when a tensor of the file has another rank than the config gives it
 */
export function boundRanks(config: PeftConfig, { entries }: CheckpointIndex, path: string): PeftConfig {
  if (!(config instanceof LoraConfig)) return config
  let most = 1
  const problems: string[] = []
  for (const [key, { shape }] of entries) {
    const layer = /^(.*)\.lora_(?:A\.weight|embedding_A)$/.exec(pathOfKey(key) ?? '')?.[1]
    if (layer === undefined || shape.length !== 2) continue
    const [rank] = shape as [number, number]
    most = Math.max(most, rank)
    const said = patternValue(config.rankPattern, layer, config.r)
    if (said !== rank) problems.push(`${key} is [${shape.join(', ')}], the rank of its config is ${said}`)
  }
  if (problems.length > 0) {
    const more = problems.length > 8 ? `; and ${problems.length - 8} more` : ''
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `${path} does not fit its own config: ${problems.slice(0, 8).join('; ')}${more}.`,
      { file: path },
    )
  }
  return config.with({
    r: Math.min(config.r, most),
    rankPattern: Object.fromEntries(
      Object.entries(config.rankPattern).map(([pattern, rank]) => [pattern, Math.min(rank, most)]),
    ),
  })
}
