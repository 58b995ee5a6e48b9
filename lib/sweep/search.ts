import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { makeFolder, readJson, writeJson } from '../checkpoint/index.ts'
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
    await runBracket(bracket, {
      ...options,
      results,
      save,
      next: () => index++,
    })
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
    const scores = new Map<Cell, number | null>()
    for (const cell of alive) scores.set(cell, await scoreOf(cell, directory, rung))
    const chosen = goOn(alive, (cell) => scores.get(cell)!, rungs[at + 1]!.runs)
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
  {
    directory,
    rung,
    last,
    index,
    torchLora,
    keep,
    onEvent,
    signal,
  }: BracketOptions & { rung: Rung; last: boolean; index: number },
): Promise<CellResult> {
  const folder = join(directory, cell.name)
  const before = await describe(cell, directory)
  const reached = before.status === 'done' || (before.score && before.score.epoch >= rung.epochs)
  if (reached && (before.status === 'done' || !last)) return before
  onEvent({ type: 'cell', index, cell })
  await writeJson(join(folder, 'cell.json'), cell)
  const outcome = await runCell({
    args: last ? cell.args : [...cell.args, '--until', String(rung.epochs)],
    directory: folder,
    torchLora,
    onMessage: (message) => onEvent({ type: 'progress', index, cell, message }),
    signal,
  })
  const result: CellResult =
    outcome.status === 'failed'
      ? { cell, status: 'failed', error: outcome.error }
      : await describe(cell, directory)
  if (result.status === 'done') await tidy(folder, keep)
  onEvent({ type: 'result', index, result })
  return result
}

/** What a run's folder says of it, with its best so far. */
async function describe(cell: Cell, directory: string): Promise<CellResult> {
  const result = await readResult(cell, directory)
  const paused = await pausedAt(cell, directory)
  if (result.status === 'done' || !paused) return result
  const evaluations = await readEvaluations(cell, directory, paused.metric)
  const best = bestOf(evaluations, paused.metric)
  if (best === null) return result
  return { ...result, score: { metric: paused.metric, value: best, epoch: paused.epoch } }
}

async function pausedAt(cell: Cell, directory: string): Promise<z.infer<typeof pausedFile> | null> {
  return readJson(join(directory, cell.name, 'paused.json'), pausedFile).catch(() => null)
}

/** A run's best evaluation within a rung's epochs, greater is better; null where it has none. */
async function scoreOf(cell: Cell, directory: string, { epochs }: Rung): Promise<number | null> {
  const { summary } = await readResult(cell, directory)
  const metric = summary?.bestMetric ?? (await pausedAt(cell, directory))?.metric
  if (metric === undefined) return null
  const within = (await readEvaluations(cell, directory, metric)).filter(
    ({ epoch }) => epoch <= epochs + 1e-6,
  )
  const best = bestOf(within, metric)
  return best === null ? null : metric === 'loss' ? -best : best
}

interface Evaluation {
  epoch: number
  value: number
}

async function readEvaluations(cell: Cell, directory: string, metric: string): Promise<Evaluation[]> {
  const text = await readFile(join(directory, cell.name, 'metrics.jsonl'), 'utf8').catch(() => '')
  return text.split('\n').flatMap((line): Evaluation[] => {
    if (!line.startsWith('{"type":"evaluation"')) return []
    const { epoch, [metric]: value } = JSON.parse(line) as Record<string, unknown>
    return typeof value === 'number' ? [{ epoch: Number(epoch), value }] : []
  })
}

function bestOf(evaluations: readonly Evaluation[], metric: string): number | null {
  if (evaluations.length === 0) return null
  const values = evaluations.map(({ value }) => value)
  return metric === 'loss' ? Math.min(...values) : Math.max(...values)
}
