import type { LoraConfig } from './config.ts'
import { Budget, Expression } from './expression.ts'
import { LayeredConfig, type PeftConfig } from './peft-config.ts'

/**
 * Which modules a configuration means. The rules are PEFT's (tuners_utils.py: check_target_module_exists,
 * get_pattern_key), so that one adapter_config.json means the same in both.
 */

/** Whether a list of names means the module at `path`: one is its end, from a dot on. */
export function nameMatches(names: readonly string[], path: string): boolean {
  const set = setOf(names)
  if (set.has(path)) return true
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1))
    if (set.has(path.slice(dot + 1))) return true
  return false
}

/** Whether the method adapts the module at `path`, which is none that trains in full. */
export function isTarget(config: PeftConfig, targets: readonly string[] | string, path: string): boolean {
  const { excludeModules } = config
  const budget = new Budget()
  if (excludeModules !== null && means(config, excludeModules, path, budget)) return false
  if (targets === 'all-linear') return true
  if (!means(config, targets, path, budget)) return false
  if (typeof targets === 'string' || !(config instanceof LayeredConfig)) return true
  return layerMatches(config, path, budget)
}

/** Whether (IA)^3 scales the input of the module at `path`: ia3/model.py, _check_target_module_feedforward. */
export function isFeedforward(names: readonly string[] | string, path: string): boolean {
  return typeof names === 'string'
    ? new Expression(names).matches(path, new Budget())
    : names.some((name) => path.endsWith(name))
}

/** The value of the first pattern that means `path`, else `fallback`: rankPattern and alphaPattern. */
export function patternValue(
  patterns: Readonly<Record<string, number>>,
  path: string,
  fallback: number,
): number {
  const expression = expressionsOf(patterns)
  const budget = new Budget()
  // `(.*\.)?(pattern)$`, matched from the start: the pattern's match begins the path, or follows a dot.
  const key = Object.keys(patterns).find((pattern) => {
    const starts = expression(pattern).startsToEnd(path, budget)
    return starts.some((found, at) => found === 1 && (at === 0 || path[at - 1] === '.'))
  })
  return key === undefined ? fallback : patterns[key]!
}

/** The rank and the alpha of LoRA's update of the module at `path`. */
export function rankAndAlpha(
  { r, loraAlpha, rankPattern, alphaPattern }: LoraConfig,
  path: string,
): { r: number; alpha: number } {
  return { r: patternValue(rankPattern, path, r), alpha: patternValue(alphaPattern, path, loraAlpha) }
}

function means(config: PeftConfig, names: readonly string[] | string, path: string, budget: Budget): boolean {
  return typeof names === 'string'
    ? expressionsOf(config)(names).matches(path, budget)
    : nameMatches(names, path)
}

/**
 * `(?:^|.*?\.){layersPattern}\.(\d+)\.`, and `.*?\.[^.]*\.(\d+)\.` without a pattern: where lists lie in
 * lists, as ALBERT's layers in groups, the first number counts (PEFT 0.21).
 */
function layerMatches(config: LayeredConfig, path: string, budget: Budget): boolean {
  const { layersToTransform, layersPattern } = config
  if (layersToTransform === null) return true
  const wanted = [layersToTransform].flat()
  const expression = expressionsOf(config)
  const starts = Array.from(path.matchAll(/\./g), ({ index }) => index + 1)
  if (layersPattern !== null) starts.unshift(0)
  for (const name of layersPattern === null ? ['[^.]*'] : [layersPattern].flat()) {
    for (const start of starts) {
      const ends = expression(name).endsFrom(path, budget, start)
      for (let end = path.length; end >= start; end--) {
        const layer = ends[end] === 1 ? /^\.(\d{1,9})\./.exec(path.slice(end, end + 12)) : null
        if (layer) return wanted.includes(Number(layer[1]))
      }
    }
  }
  return false
}

const parsed = new WeakMap<object, Map<string, Expression>>()

/** The expressions of a config or of its patterns, each parsed once. */
function expressionsOf(owner: object): (pattern: string) => Expression {
  const known = parsed.get(owner) ?? new Map<string, Expression>()
  parsed.set(owner, known)
  return (pattern) => {
    const expression = known.get(pattern) ?? new Expression(pattern)
    known.set(pattern, expression)
    return expression
  }
}

const sets = new WeakMap<readonly string[], ReadonlySet<string>>()

function setOf(names: readonly string[]): ReadonlySet<string> {
  const set = sets.get(names) ?? new Set(names)
  sets.set(names, set)
  return set
}
