import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { atPath, makeFolder, readJson, writeJson } from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'
import { runSummary } from '../train/run-summary.ts'
import { type Cell, expandRecipe } from './cells.ts'
import type { RunMessage } from './messages.ts'
import type { Recipe } from './recipe.ts'
import { type CellOutcome, runCell } from './run-cell.ts'

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
  status: 'done' | 'failed' | 'pending'
  error?: string
  summary?: z.infer<typeof cellSummary>
}

export type SweepEvent =
  | { type: 'cell'; index: number; cell: Cell }
  | { type: 'progress'; index: number; cell: Cell; message: RunMessage }
  | { type: 'result'; index: number; result: CellResult }

export interface SweepOptions {
  recipe: Recipe
  /** Holds a folder a cell, and sweep.json. */
  directory: string
  /** Program and first arguments that are `torch-lora`. */
  torchLora: readonly string[]
  /** 'all' keeps adapters and models of finished cells, 'metrics' only metrics.jsonl and summary.json. */
  keep: 'all' | 'metrics'
  onEvent: (event: SweepEvent) => void
  signal: AbortSignal
}

/**
 * Runs the cells that have no result yet, one after the other. A cell that fails is noted and the next one runs; a
 * cell with checkpoints goes on from them. `sweep.json` is written after every cell.
 *
 * @returns a result for every cell; 'pending' where the signal ended the sweep before
 * @throws TorchLoraError INCOMPATIBLE when a cell's folder is of other settings, before anything runs
 */
export async function runSweep(options: SweepOptions): Promise<CellResult[]> {
  const { recipe, directory, onEvent, signal } = options
  const cells = expandRecipe(recipe)
  await checkFolders(cells, directory)
  await makeFolder(directory)
  const results: CellResult[] = []
  for (const cell of cells) results.push(await readResult(cell, directory))
  await writeState(directory, recipe, results)
  for (const [index, cell] of cells.entries()) {
    if (signal.aborted || results[index]!.status === 'done') continue
    onEvent({ type: 'cell', index, cell })
    const folder = join(directory, cell.name)
    await writeJson(join(folder, 'cell.json'), cell)
    const outcome = await runCell({
      args: cell.args,
      directory: folder,
      torchLora: options.torchLora,
      onMessage: (message) => onEvent({ type: 'progress', index, cell, message }),
      signal,
    })
    if (outcome.status === 'done') await tidy(folder, options.keep)
    results[index] = await resultOf(cell, outcome, directory)
    await writeState(directory, recipe, results)
    onEvent({ type: 'result', index, result: results[index] })
  }
  return results
}

/** What a cell's folder says of it: done when it holds a summary. */
export async function readResult(cell: Cell, directory: string): Promise<CellResult> {
  const file = join(directory, cell.name, 'summary.json')
  return existsSync(file)
    ? { cell, status: 'done', summary: await readJson(file, cellSummary) }
    : { cell, status: 'pending' }
}

async function resultOf(cell: Cell, outcome: CellOutcome, directory: string): Promise<CellResult> {
  switch (outcome.status) {
    case 'done':
      return readResult(cell, directory)
    case 'failed':
      return { cell, status: 'failed', error: outcome.error }
    case 'interrupted':
      return { cell, status: 'pending' }
  }
}

/** Settings that change how a run is computed, not what it is. */
const free = new Set([
  '--device',
  '--threads',
  '--data',
  '--log-every',
  '--tensorboard',
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

async function checkFolders(cells: readonly Cell[], directory: string): Promise<void> {
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

async function tidy(folder: string, keep: SweepOptions['keep']): Promise<void> {
  const unneeded = keep === 'all' ? ['checkpoints'] : ['checkpoints', 'adapter', 'model']
  for (const name of unneeded)
    await atPath(folder, () => rm(join(folder, name), { recursive: true, force: true }))
}

async function writeState(directory: string, recipe: Recipe, results: readonly CellResult[]): Promise<void> {
  await writeJson(join(directory, 'sweep.json'), {
    recipe,
    updated: new Date().toISOString(),
    cells: results.map(({ cell, ...result }) => ({ ...cell, ...result })),
  })
}
