import { TorchLoraError } from '../errors.ts'
import { flagOf } from '../options.ts'
import type { Recipe, RunSettings } from './recipe.ts'

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
  const names = new Set<string>()
  const twice = cells.find(({ name }) => names.size === names.add(name).size)?.name
  if (twice) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `Two cells of the sweep would be called ${twice}: give methods that differ in their settings a "name" each, and every value of an axis once.`,
    )
  }
  return cells
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
  return value === true ? [name] : [name, Array.isArray(value) ? value.join(',') : String(value)]
}
