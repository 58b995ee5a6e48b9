import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { makeFolder, readJson } from '../checkpoint/index.ts'
import { gainOf } from '../data/metrics.ts'
import { type Cell, expandSearch, type SearchBracket } from './cells.ts'
import { type CellResult, checkFolders, readResult, tidy, writeState } from './folder.ts'
import { goOn, type Rung } from './hyperband.ts'
import { requireInputs } from './requirements.ts'
import { runCell } from './run-cell.ts'
import type { SweepOptions } from './sweep.ts'

/** What `torch-lora train --until` leaves beside its checkpoint. */
const pausedFile = z.object({ metric: z.string(), epoch: z.number() })

type SearchOptions = Omit<SweepOptions, 'shard' | 'device'>

/**
 * Searches settings by Hyperband: runs stop after few epochs, and only the best of them, by their evaluations so far, go
 * on from their checkpoints. Which go on follows from the recipe and from what the folders say, so that a search that was
 * stopped goes on to the same end.
 *
 * @returns a result for every run, of those that were left behind how far they came; 'pending' where the signal ended the
 * search before
 * @throws TorchLoraError as `runSweep`
 */
export async function runSearch(options: SearchOptions): Promise<CellResult[]> {
  const { recipe, directory, signal } = options
  const all = expandSearch(recipe)
  const cells = all.flatMap((bracket) => bracket.cells)
  await checkFolders(cells, directory)
  const results = new Map<string, CellResult>()
  for (const cell of cells) results.set(cell.name, await readResult(cell, directory))
  await requireInputs(cells.filter(({ name }) => results.get(name)!.status !== 'done'))
  await makeFolder(directory)
  const save = () => writeState(directory, recipe, [...results.values()])
  await save()
  let index = 0
  for (const bracket of all) {
    await runBracket(bracket, { ...options, results, save, next: () => index++ })
    if (signal.aborted) break
  }
  return [...results.values()]
}

interface BracketOptions extends SearchOptions {
  results: Map<string, CellResult>
  save(): Promise<void>
  /** The number of the run that begins, from 0, over all rungs. */
  next(): number
}

/** Successive halving: every rung's runs to its epochs, then the best of them to the next one's. */
async function runBracket({ cells, rungs }: SearchBracket, options: BracketOptions): Promise<void> {
  const { results, directory, signal } = options
  let alive: readonly Cell[] = cells
  for (const [at, rung] of rungs.entries()) {
    const last = at === rungs.length - 1
    for (const cell of alive) {
      const index = options.next()
      if (signal.aborted) return
      results.set(cell.name, await climb(cell, { ...options, rung, last, index }))
      await options.save()
    }
    if (signal.aborted || last) return
    const gains = new Map<Cell, number | null>()
    for (const cell of alive) gains.set(cell, await gainWithin(results.get(cell.name)!, directory, rung))
    const chosen = goOn(alive, (cell) => gains.get(cell)!, rungs[at + 1]!.runs)
    for (const cell of alive)
      if (!chosen.includes(cell) && results.get(cell.name)!.status === 'pending') {
        results.set(cell.name, { ...results.get(cell.name)!, status: 'stopped' })
        await tidy(join(directory, cell.name), options.keep)
      }
    await options.save()
    alive = chosen
  }
}

/** Brings a run to a rung's epochs, where it is not there yet. */
async function climb(
  cell: Cell,
  { rung, last, index, ...options }: BracketOptions & { rung: Rung; last: boolean; index: number },
): Promise<CellResult> {
  const { directory, keep, onEvent } = options
  const before = await describe(cell, directory)
  const reached = before.status === 'done' || (before.score && before.score.epoch >= rung.epochs)
  if (reached && (before.status === 'done' || !last)) return before
  const outcome = await runCell(cell, {
    ...options,
    index,
    args: last ? cell.args : [...cell.args, '--until', String(rung.epochs)],
  })
  const result: CellResult =
    outcome.status === 'failed'
      ? { cell, status: 'failed', error: outcome.error }
      : await describe(cell, directory)
  if (result.status === 'done') await tidy(join(directory, cell.name), keep)
  onEvent({ type: 'result', index, result })
  return result
}

/** What a run's folder says of it, with its best so far. */
async function describe(cell: Cell, directory: string): Promise<CellResult> {
  const result = await readResult(cell, directory)
  if (result.status === 'done') return result
  const paused = await readJson(join(directory, cell.name, 'paused.json'), pausedFile).catch(() => null)
  const best = paused && (await bestOf(cell, directory, { metric: paused.metric }))
  return best === null ? result : { ...result, score: { ...paused!, value: best } }
}

/** A run's best within a rung's epochs, greater is better; null where it has none, or has failed. */
async function gainWithin(
  { cell, summary, score }: CellResult,
  directory: string,
  { epochs }: Rung,
): Promise<number | null> {
  const metric = summary?.bestMetric ?? score?.metric
  if (metric === undefined) return null
  const best = await bestOf(cell, directory, { metric, epochs })
  return best && gainOf(metric, best)
}

/** The best that a run was measured with, up to some epochs; null where it was not. */
async function bestOf(
  cell: Cell,
  directory: string,
  { metric, epochs = Number.POSITIVE_INFINITY }: { metric: string; epochs?: number },
): Promise<number | null> {
  const text = await readFile(join(directory, cell.name, 'metrics.jsonl'), 'utf8').catch(() => '')
  const values = text.split('\n').flatMap((line): number[] => {
    if (!line.startsWith('{"type":"evaluation"')) return []
    const { epoch, [metric]: value } = JSON.parse(line) as Record<string, unknown>
    return typeof value === 'number' && Number(epoch) <= epochs + 1e-6 ? [value] : []
  })
  return values.reduce<number | null>(
    (best, value) => (best !== null && gainOf(metric, best) >= gainOf(metric, value) ? best : value),
    null,
  )
}
