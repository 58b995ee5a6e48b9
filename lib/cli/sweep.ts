import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { gainOf } from '../data/metrics.ts'
import { type Launch, readLaunch } from '../distributed/launch.ts'
import { TorchLoraError } from '../errors.ts'
import { guarded } from '../native.ts'
import type { CellResult } from '../sweep/folder.ts'
import type { SweepEvent } from '../sweep/run-cell.ts'
import { searchedNames } from '../sweep/search-space.ts'
import { isOfShard, parseShard, type Shard } from '../sweep/shard.ts'
import { shortNames } from '../sweep/short-names.ts'
import { glueFolderOption } from './dataset.ts'
import { exitInterrupted, interruptible } from './failure.ts'
import { list, positiveNumber, wholeNumber } from './options.ts'
import { formatBytes, progressBar } from './progress.ts'

interface SweepFlags {
  out: string
  model?: string
  tasks?: string[]
  methods?: string[]
  seeds?: number[]
  lrs?: number[]
  data?: string
  device?: string
  threads?: number
  set: Record<string, unknown>
  search?: boolean
  range: Record<string, [number, number]>
  keep: 'all' | 'metrics'
  shard?: Shard
  dryRun?: boolean
  json?: boolean
}

/** `torch-lora sweep`: a matrix of `torch-lora train` runs, each in a process and folder of its own. */
export function sweepCommand(): Command {
  return new Command('sweep')
    .description('Train a matrix of methods, tasks, seeds and learning rates; start it again to go on')
    .argument('[recipe]', 'a JSON file: model, tasks, methods, seeds, learningRates, settings')
    .requiredOption('--out <dir>', 'folder of the sweep: a folder a run, and sweep.json')
    .option('--model <dir or id>', "base model, in place of the recipe's")
    .option('--tasks <names>', 'GLUE tasks; with the settings of the recipe, where it has them', list)
    .option('--methods <names>', "names of the recipe's, 'full', 'r8' (alpha 16) or 'r8a8' (alpha 8)", list)
    .option('--seeds <numbers>', 'seeds', numbers(wholeNumber))
    .option('--lrs <rates>', 'learning rates: every method runs with every one', numbers(positiveNumber))
    .addOption(glueFolderOption())
    .option('--device <name>', "'auto', 'cpu', 'cuda' or 'cuda:N'")
    .option('--threads <count>', 'processor threads an operator may use', wholeNumber)
    .option(
      '--set <name=value...>',
      'a setting of every run, by the name of its train option: epochs=3 batchSize=8',
      setting,
      {},
    )
    .option(
      '--search',
      'draw settings from ranges and let only the best runs go on, by Hyperband; epochs (of the longest run) must be set',
    )
    .option(
      '--range <name=from..to...>',
      'of --search: lr=1e-5..1e-2 (the default), r=2..32, dropout=0..0.3, batchSize, weightDecay, warmup, ...',
      range,
      {},
    )
    .option('--keep <what>', "of finished runs: 'all', or 'metrics' without adapters and models", keep, 'all')
    .option(
      '--shard <i/n>',
      'run the i-th of n parts alone: jobs of an array share --out, where the results meet (ranks of a launcher each run theirs)',
      shardOf,
    )
    .option('--dry-run', 'list the runs, and which are done, and stop')
    .option('--json', 'print sweep results as JSON on stdout')
    .action(sweep)
}

async function sweep(file: string | undefined, flags: SweepFlags): Promise<void> {
  const { choose, readRecipe, resolveRecipe } = await import('../sweep/recipe.ts')
  const { expandRecipe, expandSearch } = await import('../sweep/cells.ts')
  const { readResult } = await import('../sweep/folder.ts')
  const { runSearch } = await import('../sweep/search.ts')
  const { runSweep } = await import('../sweep/sweep.ts')
  const written = file ? await readRecipe(file) : {}
  const { data, device, threads } = flags
  const given = {
    model: flags.model,
    tasks: choose(flags.tasks, written.tasks),
    methods: choose(flags.methods, written.methods),
    seeds: flags.seeds,
    learningRates: flags.lrs,
  }
  const searches = flags.search ?? written.search !== undefined
  if (!searches && Object.keys(flags.range).length > 0)
    throw new TorchLoraError('INVALID_ARGUMENT', '--range is for a search: add --search.')
  const launch = readLaunch()
  const shard = launch ? shardOfRank(launch, flags) : flags.shard
  if (searches && shard)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `${launch ? 'A sweep over ranks' : '--shard'} is for a matrix of runs: those of a search wait for one another.`,
    )
  const ranges = { ...written.search?.ranges, ...flags.range }
  const recipe = resolveRecipe({
    ...written,
    ...(searches && {
      search: { ...written.search, ...(Object.keys(ranges).length > 0 && { ranges }) },
    }),
    ...present(given),
    settings: {
      ...(written.settings as object | undefined),
      ...flags.set,
      ...present({ data, device, threads }),
    },
  })
  if (flags.dryRun) {
    const cells = searches ? expandSearch(recipe).flatMap((bracket) => bracket.cells) : expandRecipe(recipe)
    const planned = await Promise.all(cells.map((cell) => readResult(cell, flags.out)))
    print(planned, flags)
    return
  }
  const results = await interruptible((signal) => {
    const steps = searches
      ? expandSearch(recipe).flatMap(({ rungs }) => rungs.map(({ runs }) => runs))
      : [expandRecipe(recipe).length]
    const display = new Display(
      steps.reduce((sum, runs) => sum + runs),
      { bar: !launch || launch.rank === 0 },
    )
    const options = {
      recipe,
      directory: flags.out,
      torchLora: [process.execPath, ...process.execArgv, resolve(process.argv[1]!)],
      keep: flags.keep,
      onEvent: (event: SweepEvent) => display.show(event),
      signal,
    }
    const device = launch && gpuOf(launch)
    const running = searches ? runSearch(options) : runSweep({ ...options, shard, device })
    return running.finally(() => display.stop())
  })
  const mine = results.filter((_, index) => !shard || isOfShard(index, shard))
  print(launch ? mine : results, flags)
  const of = (status: CellResult['status']) => mine.filter((result) => result.status === status).length
  if (of('pending') > 0) {
    console.error(`Interrupted with ${of('pending')} of ${mine.length} runs to go. The same command goes on.`)
    process.exitCode = exitInterrupted
  } else if (of('failed') > 0) {
    console.error(`${of('failed')} of ${mine.length} runs failed. The same command tries them again.`)
    process.exitCode = 1
  }
}

/**
 * The part of a process that a launcher started as one of several; undefined for one of one.
 * @throws TorchLoraError INVALID_ARGUMENT with a --shard beside it, which would be run W times over
 */
function shardOfRank({ rank, worldSize }: Launch, { shard }: SweepFlags): Shard | undefined {
  if (worldSize === 1) return shard
  if (shard)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `--shard: rank ${rank} of ${worldSize} runs part ${rank + 1} of ${worldSize} already; leave --shard out, or start without a launcher.`,
    )
  return { number: rank + 1, count: worldSize }
}

/** The GPU that a rank's runs share; undefined where there is none. */
function gpuOf({ localRank }: Launch): string | undefined {
  const { cudaDevices } = guarded((native) => native.system())
  return cudaDevices > 0 ? `cuda:${localRank % cudaDevices}` : undefined
}

/** Without what is undefined: a flag that is not given takes nothing's place. */
function present(flags: object): object {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined))
}

/** The sweep as one bar whose unit is a cell, with where the running cell stands. */
class Display {
  readonly #bar = progressBar(
    'sweep {bar} {percentage}% | {place} {name} | update {step}/{steps} | loss {loss} | {eta_formatted} left',
    { etaBuffer: 100 },
  )
  readonly #hasBar: boolean
  #running = false

  constructor(
    private readonly cells: number,
    { bar }: { bar: boolean },
  ) {
    this.#hasBar = bar
  }

  show(event: SweepEvent): void {
    const place = `${event.index + 1}/${this.cells}`
    if (!this.#hasBar && event.type !== 'result') return
    switch (event.type) {
      case 'cell': {
        const payload = { place, name: event.cell.name, step: 0, steps: '?', loss: '-' }
        if (this.#running) this.#bar.update(100 * event.index, payload)
        else this.#bar.start(100 * this.cells, 100 * event.index, payload)
        this.#running = true
        break
      }
      case 'progress': {
        const { message } = event
        const share = message.step / message.totalSteps
        this.#bar.update(100 * (event.index + share), {
          step: message.step,
          steps: message.totalSteps,
          ...(message.type === 'step' && { loss: message.loss.toFixed(4) }),
        })
        break
      }
      case 'result':
        this.stop()
        console.error(`${place} ${describe(event.result)}`)
    }
  }

  stop(): void {
    if (this.#running) this.#bar.stop()
    this.#running = false
  }
}

/** `accuracy 0.8333`; undefined where nothing was evaluated. */
function bestOf({ best, bestMetric }: NonNullable<CellResult['summary']>): string | undefined {
  return best ? `${bestMetric} ${best.metrics[bestMetric]!.toFixed(4)}` : undefined
}

function describe({ cell, status, error, summary, score }: CellResult): string {
  if (score && status !== 'done' && status !== 'failed')
    return `${cell.name}: ${score.metric} ${score.value.toFixed(4)} after ${score.epoch} epochs`
  if (status === 'done')
    return `${cell.name}: ${bestOf(summary!) ?? 'done'} in ${summary!.wallSeconds.toFixed(1)} s`
  return status === 'failed' ? `${cell.name}: failed: ${error}` : `${cell.name}: to be done`
}

function print(results: readonly CellResult[], { json }: SweepFlags): void {
  if (json) {
    console.log(
      JSON.stringify(
        results.map(({ cell, ...result }) => ({ ...cell, ...result })),
        null,
        2,
      ),
    )
    return
  }
  const width = Math.max(4, ...results.map(({ cell }) => cell.name.length))
  console.log(
    `${'run'.padEnd(width)}  ${'best'.padEnd(28)} ${'epoch'.padStart(6)} ${'trained'.padStart(12)} ${'optimizer'.padStart(10)} ${'peak'.padStart(9)} ${'seconds'.padStart(8)}`,
  )
  for (const { cell, status, summary, error, score } of results) {
    const name = cell.name.padEnd(width)
    if (!summary) {
      const far = score ? `: ${score.metric} ${score.value.toFixed(4)} after ${score.epoch} epochs` : ''
      console.log(`${name}  ${status}${error ? `: ${error}` : far}`)
      continue
    }
    console.log(
      [
        name,
        ` ${(bestOf(summary) ?? '-').padEnd(28)}`,
        (summary.best?.epoch.toFixed(2) ?? '-').padStart(6),
        summary.trainableParameters.toLocaleString('en').padStart(12),
        formatBytes(summary.optimizerStateBytes).padStart(10),
        formatBytes(summary.peakResidentBytes).padStart(9),
        summary.wallSeconds.toFixed(1).padStart(8),
      ].join(' '),
    )
  }
  printBest(results)
}

/** Of every task and method that a search ran, the best run and what was drawn for it. */
function printBest(results: readonly CellResult[]): void {
  const best = new Map<string, CellResult>()
  const value = ({ summary }: CellResult) =>
    gainOf(summary!.bestMetric, summary!.best!.metrics[summary!.bestMetric]!)
  for (const result of results) {
    const { cell, summary } = result
    if (!cell.drawn || !summary?.best) continue
    const key = [cell.task ?? 'the given files', cell.method].join(', ')
    const before = best.get(key)
    if (!before || value(result) > value(before)) best.set(key, result)
  }
  for (const [key, { cell, summary }] of best) {
    const drawn = Object.entries(cell.drawn!).map(([name, drawnValue]) => `${name} ${drawnValue}`)
    console.log(`best of ${key}: ${bestOf(summary!)} with ${drawn.join(', ')} (${cell.name})`)
  }
}

/** `lr=1e-5..1e-2`. */
function range(text: string, before: Record<string, [number, number]>): Record<string, [number, number]> {
  const [, name, from, to] = /^(\w+)=(.+?)\.\.(.+)$/.exec(text) ?? []
  const ends: [number, number] = [Number(from), Number(to)]
  if (!name || ends.some((end) => !Number.isFinite(end)))
    throw new InvalidArgumentError('expected NAME=FROM..TO, lr=1e-5..1e-2.')
  const setting = shortNames[name] ?? name
  if (!searchedNames.some((searched) => searched === setting))
    throw new InvalidArgumentError(
      `'${name}' cannot be searched: expected one of ${searchedNames.join(', ')}.`,
    )
  return { ...before, [setting]: ends }
}

function numbers(parse: (text: string) => number): (text: string) => number[] {
  return (text) => list(text).map(parse)
}

function keep(text: string): 'all' | 'metrics' {
  if (text === 'all' || text === 'metrics') return text
  throw new InvalidArgumentError("expected 'all' or 'metrics'.")
}

function shardOf(text: string): Shard {
  const parsed = parseShard(text)
  if (parsed) return parsed
  throw new InvalidArgumentError('expected I/N, the I-th of N parts: 1/4 to 4/4.')
}

/** `epochs=3`: numbers, true and false as such; the recipe's own check says what does not fit. */
function setting(text: string, before: Record<string, unknown>): Record<string, unknown> {
  const [, name, value] = /^(\w+)=(.+)$/.exec(text) ?? []
  if (!name || !value) throw new InvalidArgumentError('expected NAME=VALUE.')
  if (['target', 'labels', 'labelColumns'].includes(name)) return { ...before, [name]: list(value) }
  const number = Number(value)
  const parsed =
    value === 'true' || value === 'false' ? value === 'true' : Number.isNaN(number) ? value : number
  return { ...before, [name]: parsed }
}
