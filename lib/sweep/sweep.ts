import { join } from 'node:path'
import { makeFolder } from '../checkpoint/index.ts'
import { type Cell, expandRecipe } from './cells.ts'
import { type CellResult, checkFolders, readResult, tidy, writeState } from './folder.ts'
import type { Recipe } from './recipe.ts'
import { requireInputs } from './requirements.ts'
import { type CellOutcome, type CellProcess, runCell } from './run-cell.ts'
import { isOfShard, type Shard } from './shard.ts'

export interface SweepOptions extends CellProcess {
  recipe: Recipe
  /** 'all' keeps adapters and models of finished cells, 'metrics' only metrics.jsonl and summary.json. */
  keep: 'all' | 'metrics'
  /** The part of the cells that is run here; the folder is shared with those that run the others. Default: all. */
  shard?: Shard | undefined
}

/**
 * Runs the cells that have no result yet, one after the other. A cell that fails is noted and the next one runs; a
 * cell with checkpoints goes on from them. `sweep.json` is written after every cell.
 *
 * @returns a result for every cell, those of other shards as their folders have them; 'pending' where nothing has run to
 * its end
 * @throws TorchLoraError INCOMPATIBLE when a cell's folder is of other settings, INVALID_FILE naming data, adapters and
 * models that are missing, before anything runs
 */
export async function runSweep(options: SweepOptions): Promise<CellResult[]> {
  const { recipe, directory, shard = { number: 1, count: 1 }, onEvent, signal } = options
  const cells = expandRecipe(recipe)
  await checkFolders(cells, directory)
  const failed = new Map<string, CellResult>()
  const read = () =>
    Promise.all(cells.map(async (cell) => failed.get(cell.name) ?? readResult(cell, directory)))
  const before = await read()
  const mine = [...cells.entries()].filter(
    ([index]) => isOfShard(index, shard) && before[index]!.status !== 'done',
  )
  await requireInputs(mine.map(([, cell]) => cell))
  await makeFolder(directory)
  await writeState(directory, recipe, before)
  for (const [index, cell] of mine) {
    if (signal.aborted) break
    const outcome = await runCell(cell, { ...options, index })
    if (outcome.status === 'done') await tidy(join(directory, cell.name), options.keep)
    const result = await resultOf(cell, outcome, directory)
    if (result.status === 'failed') failed.set(cell.name, result)
    // Others may have run theirs meanwhile: the folder is what all shards have in common.
    await writeState(directory, recipe, await read())
    onEvent({ type: 'result', index, result })
  }
  return read()
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
