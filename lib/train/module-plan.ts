import { sharesOf } from '../distributed/deal.ts'
import type { World } from '../distributed/world.ts'
import { TorchLoraError } from '../errors.ts'
import type { BatchTensors } from '../nn/batch.ts'
import { inEvaluation } from '../nn/in-evaluation.ts'
import type { Module } from '../nn/module.ts'
import { type Compiled, compile } from '../program.ts'
import { scope } from '../scope.ts'
import type { Metrics, Progress } from '../tasks/task.ts'
import { type Device, Tensor } from '../tensor.ts'
import { disposeTree, flatten } from '../tree.ts'
import { digestOfData } from './data-digest.ts'
import { sumOfRanks } from './measure.ts'
import type { ModuleTrainerOptions } from './module-options.ts'
import type { ResolvedTrainerOptions } from './options.ts'
import type { DrawnBatch, Plan, StepModel, Work } from './work.ts'

/** What a run of a module is given. */
export type ModuleRun = ModuleTrainerOptions & ResolvedTrainerOptions

/** A module of one's own, trained on batches of one's own. */
export class ModulePlan implements Plan {
  readonly graphs: undefined
  readonly maxLength: undefined
  readonly metrics: readonly string[]
  readonly otherMetrics: readonly string[] = []

  constructor(private readonly run: ModuleRun) {
    this.metrics = Object.keys(run.metrics ?? {})
  }

  get module(): Module {
    return this.run.model
  }

  get device(): Device {
    for (const [, parameter] of this.module.namedParameters()) return parameter.device
    return 'cpu'
  }

  async prepare(group: World): Promise<Work> {
    return new ModuleWork(this.run, group)
  }
}

class ModuleWork implements Work {
  readonly lengths: readonly number[]
  readonly loss: undefined
  readonly truncated = 0
  readonly inParts = false
  readonly model: StepModel
  readonly heldOut: number
  readonly evaluate: Work['evaluate']
  readonly #measure: Compiled<[BatchTensors], Tensor[]>

  constructor(
    private readonly run: ModuleRun,
    private readonly group: World,
  ) {
    const { model, train, evaluate } = run
    this.lengths = train.map(() => 1)
    this.heldOut = evaluate?.length ?? 0
    // What it gives is its loss already.
    this.model = {
      train: () => model.train(),
      forward: (batch) => run.loss(model, batch),
      loss: (outputs) => outputs,
    }
    const measured = [run.loss, ...Object.values(run.metrics ?? {})]
    this.#measure = compile(
      (batch: BatchTensors) =>
        inEvaluation(model, () =>
          measured.map((of) => of(model, batch).to({ device: 'cpu', dtype: 'float64' })),
        ),
      { follows: model },
    )
    this.evaluate = evaluate ? () => this.#evaluate(evaluate) : null
  }

  get digest(): string {
    return `${this.run.train.length} with digest ${digestOfData(this.run.train)}`
  }

  draw(indices: Uint32Array, { seed }: { seed: number }): DrawnBatch {
    const { train } = this.run
    const rows = Array.from(indices, (i) => train[i])
    return { examples: rows.length, tokens: 0, targets: {}, batch: () => this.#lay(rows, seed), parts: null }
  }

  /** The tensors of a batch; what was made on the way to them is freed. */
  #lay(rows: readonly unknown[], seed: number): BatchTensors {
    const batch = scope(() => this.run.batch(rows, { seed }))
    const leaves = flatten(batch, (leaf) => (leaf === null || leaf === undefined ? [] : [leaf]))
    const stray = leaves.find((leaf) => !(leaf instanceof Tensor))
    if (stray !== undefined || leaves.length === 0)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `Trainer: batch must give tensors, alone or in arrays and objects, received ${stray === undefined ? 'none' : `a ${typeof stray}`}.`,
      )
    return batch as BatchTensors // which nobody but `loss` looks into
  }

  /** Means over all rows; of several ranks each measures a share of the batches, and all know all. */
  async #evaluate(rows: readonly unknown[]): Promise<{ metrics: Metrics; progress: Progress }> {
    const { batchSize = rows.length, metrics = {}, seed } = this.run
    const names = ['loss', ...Object.keys(metrics)]
    const sums = new Float64Array(1 + names.length)
    for (const b of sharesOf(Math.ceil(rows.length / batchSize), this.group)) {
      const own = rows.slice(b * batchSize, (b + 1) * batchSize)
      const batch = this.#lay(own, seed)
      try {
        using values = await this.#measure(batch)
        sums[0]! += own.length
        for (const [i, value] of values.entries()) sums[1 + i]! += own.length * value.item()
      } finally {
        disposeTree(batch)
      }
    }
    const [count, ...totals] = await sumOfRanks(sums, this.group)
    const means = totals.map((total) => total / count!)
    return { metrics: Object.fromEntries(names.map((name, i) => [name, means[i]!])), progress: 'better' }
  }

  [Symbol.dispose](): void {
    this.#measure.dispose()
  }
}
