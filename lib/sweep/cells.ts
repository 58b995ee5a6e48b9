import { allMethodFlags } from '../adapters/method-names.ts'
import { Random } from '../data/random.ts'
import { TorchLoraError } from '../errors.ts'
import { flagOf } from '../options.ts'
import { brackets, type Rung } from './hyperband.ts'
import type { Recipe, RunSettings } from './recipe.ts'
import { drawSettings, type SearchedName, usualRanges } from './search-space.ts'

type Method = Recipe['methods'][number]

/** One run of a sweep. */
export interface Cell {
  /** Name of its folder: `mrpc-r8a16-lr0.0004-seed0`. */
  name: string
  /** Null for the user's own files. */
  task: string | null
  method: string
  /** Null where the method's default is taken. */
  learningRate: number | null
  seed: number
  /** Of a search: the settings that were drawn for it. */
  drawn?: Partial<Record<SearchedName, number>>
  /** Arguments of `torch-lora train`, but for --out. */
  args: string[]
}

/**
 * Every combination of a recipe, tasks outermost and seeds innermost. Settings of a task win over those of a method,
 * which win over the common ones.
 * @throws TorchLoraError INVALID_ARGUMENT when two cells would have one name
 */
export function expandRecipe(recipe: Recipe): Cell[] {
  const cells: Cell[] = []
  for (const task of recipe.tasks ?? [null])
    for (const method of recipe.methods)
      for (const learningRate of recipe.learningRates ?? [null])
        for (const seed of recipe.seeds) cells.push(cellOf(recipe, task, method, learningRate, seed))
  requireNames(cells)
  return cells
}

/** @throws TorchLoraError INVALID_ARGUMENT when two cells would have one name */
function requireNames(cells: readonly Cell[]): void {
  const names = new Set<string>()
  const twice = cells.find(({ name }) => names.size === names.add(name).size)?.name
  if (twice === undefined) return
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `Two cells of the sweep would be called ${twice}: give methods that differ in their settings a "name" each, and every value of an axis once.`,
  )
}

/** Runs that compete: all of them for the first rung's epochs, fewer for each one after. */
export interface SearchBracket {
  cells: Cell[]
  rungs: Rung[]
}

/**
 * The runs of a search, of every task and method the brackets of Hyperband. What is drawn follows from the search's seed
 * alone, the same for every task and method.
 * @throws TorchLoraError INVALID_ARGUMENT when two cells would have one name
 */
export function expandSearch(recipe: Recipe): SearchBracket[] {
  const { ranges = usualRanges, eta, seed: ofDraws, brackets: most } = recipe.search!
  const plan = brackets({ epochs: recipe.settings.epochs!, eta, most })
  const found: SearchBracket[] = []
  for (const task of recipe.tasks ?? [null])
    for (const method of recipe.methods)
      for (const [b, rungs] of plan.entries()) {
        const random = new Random(ofDraws, b)
        const cells = Array.from({ length: rungs[0]!.runs }, (_, i) => {
          const drawn = drawSettings(ranges, random)
          const called = method.name ?? nameOf(method)
          const own = { ...method, ...drawn, name: `${called}-b${b}c${i}` }
          return { ...cellOf(recipe, task, own, null, recipe.seeds[0]!), method: called, drawn }
        })
        found.push({ cells, rungs })
      }
  requireNames(found.flatMap(({ cells }) => cells))
  return found
}

function cellOf(
  { model, settings }: Recipe,
  task: NonNullable<Recipe['tasks']>[number] | null,
  method: Method,
  learningRate: number | null,
  seed: number,
): Cell {
  const { name: methodName = nameOf(method), ...ofMethod } = method
  const { name: taskName = null, ...ofTask } = task ?? {}
  const all: RunSettings & Partial<Method> = { ...settings, ...ofMethod, ...ofTask }
  if (learningRate !== null) all.lr = learningRate
  // Common settings of methods are for those that have any.
  if (method.full) for (const name of allMethodFlags) delete all[name]
  const parts = [taskName ?? 'files', methodName, learningRate !== null && `lr${learningRate}`, `seed${seed}`]
  return {
    name: parts.filter(Boolean).join('-'),
    task: taskName,
    method: methodName,
    learningRate: all.lr ?? null,
    seed,
    args: [
      '--model',
      model,
      ...(taskName ? ['--task', taskName] : []),
      ...Object.entries(all).flatMap(([key, value]) => flag(key, value)),
      '--seed',
      String(seed),
    ],
  }
}

function nameOf({ full, r, alpha, method }: Method): string {
  if (full) return 'full'
  const rank = r ? `r${r}a${alpha ?? 2 * r}` : null
  return [method, rank].filter(Boolean).join('-') || 'adapter'
}

function flag(key: string, value: unknown): string[] {
  const name = flagOf(key)
  if (value === undefined || value === false) return []
  return value === true ? [name] : [name, textOf(value)]
}

/** A value as its flag has it: a list with commas, weights as NAME=NUMBER. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(',')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([name, number]) => `${name}=${number}`)
    .join(',')
}
