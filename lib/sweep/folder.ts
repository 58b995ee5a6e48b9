import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { atPath, readJson, writeJson } from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'
import { runSummary } from '../train/run-summary.ts'
import type { Cell } from './cells.ts'
import type { Recipe } from './recipe.ts'

/** What a sweep shows of a run. */
const cellSummary = runSummary.pick({
  method: true,
  trainableParameters: true,
  optimizerStateBytes: true,
  wallSeconds: true,
  peakResidentBytes: true,
  bestMetric: true,
  best: true,
})

export interface CellResult {
  cell: Cell
  /** 'stopped' is a run of a search that others have left behind. */
  status: 'done' | 'failed' | 'pending' | 'stopped'
  error?: string
  summary?: z.infer<typeof cellSummary>
  /** Of a run of a search: its best so far, and after how many epochs. */
  score?: { metric: string; value: number; epoch: number }
}

/** What a cell's folder says of it: done when it holds a summary. */
export async function readResult(cell: Cell, directory: string): Promise<CellResult> {
  const file = join(directory, cell.name, 'summary.json')
  return existsSync(file)
    ? { cell, status: 'done', summary: await readJson(file, cellSummary) }
    : { cell, status: 'pending' }
}

/** Settings that change how a run is computed, not what it is. */
const free = new Set([
  '--device',
  '--threads',
  '--data',
  '--log-every',
  '--tensorboard',
  '--mlflow',
  '--wandb',
  '--experiment',
  '--gradient-checkpointing',
])

/** Arguments as a set of `--flag value`, without those that may change between two starts. */
function identity(args: readonly string[]): string[] {
  const pairs: string[] = []
  for (let i = 0; i < args.length; i++) {
    const takesValue = args[i + 1] !== undefined && !args[i + 1]!.startsWith('--')
    const pair = takesValue ? `${args[i]} ${args[i + 1]}` : args[i]!
    if (!free.has(args[i]!)) pairs.push(pair)
    if (takesValue) i++
  }
  return pairs.sort()
}

/** @throws TorchLoraError INCOMPATIBLE when a cell's folder is of other settings */
export async function checkFolders(cells: readonly Cell[], directory: string): Promise<void> {
  const schema = z.object({ args: z.array(z.string()) })
  for (const { name, args } of cells) {
    const file = join(directory, name, 'cell.json')
    if (!existsSync(file)) continue
    const before = identity((await readJson(file, schema)).args)
    const now = identity(args)
    const gone = before.filter((pair) => !now.includes(pair))
    const added = now.filter((pair) => !before.includes(pair))
    if (gone.length + added.length === 0) continue
    const had = gone.length > 0 ? `had ${gone.join(' ')}` : 'had less'
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `${join(directory, name)} is of other settings: it ${had}; the sweep says ${added.join(' ') || 'nothing of it'}. Use those settings, or another --out.`,
      { file },
    )
  }
}

/** Removes what a finished run needs no more: checkpoints, and with 'metrics' adapter and model. */
export async function tidy(folder: string, keep: 'all' | 'metrics'): Promise<void> {
  const unneeded = keep === 'all' ? ['checkpoints'] : ['checkpoints', 'adapter', 'model']
  for (const name of unneeded)
    await atPath(folder, () => rm(join(folder, name), { recursive: true, force: true }))
}

/** Writes `sweep.json`: the recipe, and how far every run is. */
export async function writeState(
  directory: string,
  recipe: Recipe,
  results: readonly CellResult[],
): Promise<void> {
  await writeJson(join(directory, 'sweep.json'), {
    recipe,
    updated: new Date().toISOString(),
    cells: results.map(({ cell, ...result }) => ({ ...cell, ...result })),
  })
}
