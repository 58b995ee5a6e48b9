import { TorchLoraError } from '../errors.ts'
import { type PaperResult, paperResults } from './paper.ts'
import type { Run } from './runs.ts'

/** Mean and sample standard deviation; the deviation is null for a single value. */
export interface Spread {
  mean: number
  deviation: number | null
  count: number
}

/** A value of a curve at an epoch, over the seeds that reached it. */
export interface CurvePoint extends Spread {
  method: string
  epoch: number
}

/** Runs of one method, over seeds. */
export interface MethodResult {
  method: string
  runs: Run[]
  best: Spread
  trainableParameters: number
  optimizerStateBytes: number
  wallSeconds: Spread
  cpuSeconds: Spread
  examplesPerSecond: Spread
  peakResidentBytes: Spread
}

/** Runs of one model on one task: what a section of the report shows. */
export interface Group {
  model: string
  task: string | null
  metric: string
  /** Full fine-tuning first, then by trained parameters. */
  methods: MethodResult[]
  metricCurve: CurvePoint[]
  lossCurve: CurvePoint[]
  paper: PaperResult[]
}

export function spread(values: readonly number[]): Spread {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : null, count }
}

/** Map.groupBy, which Node 20 lacks. */
function groupBy<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const value of values) {
    const key = keyOf(value)
    const group = groups.get(key)
    if (group) group.push(value)
    else groups.set(key, [value])
  }
  return groups
}

/**
 * Puts runs together by model and task, and by method within.
 * @throws TorchLoraError INCOMPATIBLE when runs of a group chose their best by different metrics
 */
export function groupRuns(runs: readonly Run[]): Group[] {
  const groups = groupBy(runs, ({ model, task }) => JSON.stringify([model, task]))
  return [...groups.values()].map(groupOf)
}

function groupOf(runs: readonly Run[]): Group {
  const { model, task, bestMetric } = runs[0]!
  const other = runs.find((run) => run.bestMetric !== bestMetric)
  if (other) {
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `${runs[0]!.folder} chose its best by ${bestMetric}, ${other.folder} by ${other.bestMetric}: report them apart.`,
    )
  }
  const methods = [...groupBy(runs, ({ label }) => label)]
    .map(([method, own]) => methodOf(method, own, bestMetric))
    .sort((a, b) => a.trainableParameters - b.trainableParameters)
  const fullFirst = [...methods.filter(isFull), ...methods.filter((each) => !isFull(each))]
  return {
    model,
    task,
    metric: bestMetric,
    methods: fullFirst,
    metricCurve: fullFirst.flatMap(({ method, runs: own }) =>
      curve(
        method,
        own.map(({ evaluations }) => evaluations.map((e) => [e.epoch, e.metrics[bestMetric]!] as const)),
      ),
    ),
    lossCurve: fullFirst.flatMap(({ method, runs: own }) =>
      curve(
        method,
        own.map(({ losses }) => binned(losses, 120)),
      ),
    ),
    paper: bestMetric === 'accuracy' ? paperResults(model, task) : [],
  }
}

const isFull = ({ runs }: MethodResult) => runs[0]!.method === 'full'

function methodOf(method: string, runs: Run[], metric: string): MethodResult {
  const of = (pick: (run: Run) => number) => spread(runs.map(pick))
  return {
    method,
    runs,
    best: spread(runs.flatMap(({ best }) => (best ? [best.metrics[metric]!] : []))),
    trainableParameters: runs[0]!.trainableParameters,
    optimizerStateBytes: runs[0]!.optimizerStateBytes,
    wallSeconds: of((run) => run.wallSeconds),
    cpuSeconds: of((run) => run.cpuSeconds),
    examplesPerSecond: of((run) => run.examplesPerSecond),
    peakResidentBytes: of((run) => run.peakResidentBytes),
  }
}

type Point = readonly [epoch: number, value: number]

/** The mean of several runs' curves at every epoch that one of them has a value at. */
function curve(method: string, curves: readonly (readonly Point[])[]): CurvePoint[] {
  // Epochs are sums of fractions: what prints alike is one epoch.
  const points = groupBy(curves.flat(), ([epoch]) => epoch.toFixed(3))
  return [...points]
    .map(([epoch, values]) => ({ method, epoch: Number(epoch), ...spread(values.map(([, value]) => value)) }))
    .filter(({ mean }) => Number.isFinite(mean))
    .sort((a, b) => a.epoch - b.epoch)
}

/** A run's losses; where there are more than `most`, means over so many stretches of its epochs. */
function binned(losses: Run['losses'], most: number): Point[] {
  if (losses.length <= most) return losses.map(({ epoch, loss }) => [epoch, loss])
  const width = losses.at(-1)!.epoch / most
  const bins = groupBy(losses, ({ epoch }) => Math.min(Math.ceil(epoch / width), most))
  return [...bins].map(([bin, own]) => [bin * width, spread(own.map(({ loss }) => loss)).mean])
}
