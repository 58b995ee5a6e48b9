import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ADAPTER_FILES, type CheckpointIndex } from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { Linear } from '../nn/linear.ts'
import { placeOfKey } from './adapter-keys.ts'
import type { PeftConfig } from './peft-config.ts'
import { methodOf } from './registry.ts'

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
export function boundRanks(
  model: Model,
  config: PeftConfig,
  { checkpoint: { entries }, path }: { checkpoint: CheckpointIndex; path: string },
): PeftConfig {
  const method = methodOf(config)
  const ranked = method.ranks?.(config)
  if (!ranked) return config
  const layers = new Set<string>()
  let most = 1
  const problems: string[] = []
  for (const [key, { shape }] of entries) {
    const layer = ranked.tensor.exec(placeOfKey(model, key, method) ?? '')?.[1]
    if (layer === undefined || shape.length !== ranked.dimensions) continue
    const rank = shape[0]!
    layers.add(layer)
    most = Math.max(most, rank)
    const said = ranked.rankOf(layer)
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
  return ranked.bound(most, () =>
    [...model.namedModules()].flatMap(([at, module]) =>
      module instanceof Linear && !layers.has(at) ? [at] : [],
    ),
  )
}
