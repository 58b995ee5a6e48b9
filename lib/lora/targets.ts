import { TorchLoraError } from '../errors.ts'
import type { LoraConfig } from './config.ts'

/**
 * Which modules a LoraConfig means. The rules are PEFT's (tuners_utils.py: check_target_module_exists,
 * get_pattern_key), so that one adapter_config.json means the same in both.
 */

/** Whether a list of names or a whole-path regular expression means the module at `path`. */
export function nameMatches(names: readonly string[] | string, path: string): boolean {
  if (typeof names === 'string') return fullMatch(names, path)
  return names.some((name) => path === name || path.endsWith(`.${name}`))
}

/** Whether LoRA adapts the Linear at `path`, which is none that trains in full. */
export function isTarget(config: LoraConfig, targets: readonly string[] | string, path: string): boolean {
  if (config.excludeModules && nameMatches(config.excludeModules, path)) return false
  if (targets === 'all-linear') return true
  if (!nameMatches(targets, path)) return false
  return typeof targets === 'string' || layerMatches(config, path)
}

/** The value of the first pattern that means `path`, else `fallback`: rankPattern and alphaPattern. */
export function patternValue(
  patterns: Readonly<Record<string, number>>,
  path: string,
  fallback: number,
): number {
  const key = Object.keys(patterns).find((pattern) => expression(`(.*\\.)?(${pattern})`).test(path))
  return key === undefined ? fallback : patterns[key]!
}

function layerMatches({ layersToTransform, layersPattern }: LoraConfig, path: string): boolean {
  if (layersToTransform === null) return true
  const names = layersPattern === null ? ['[^.]*'] : [layersPattern].flat()
  for (const name of names) {
    const found = new RegExp(`.*\\.${name}\\.(\\d+)\\.`).exec(path)
    if (found) return [layersToTransform].flat().includes(Number(found[1]))
  }
  return false
}

function fullMatch(pattern: string, path: string): boolean {
  return expression(pattern).test(path)
}

function expression(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`)
  } catch (cause) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `'${pattern}' is not a regular expression: ${(cause as Error).message}`,
      { cause },
    )
  }
}
