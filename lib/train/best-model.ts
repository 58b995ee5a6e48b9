import { join } from 'node:path'
import { gainOf } from '../data/metrics.ts'
import { barrier } from '../distributed/collectives.ts'
import { inGroup, type World } from '../distributed/world.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { Metrics } from '../tasks/task.ts'
import type { Tensor } from '../tensor.ts'
import { type DamagedCheckpoint, restoreBest, saveBest, type TrainerState, verifyBest } from './checkpoint.ts'
import type { EvaluationSummary } from './events.ts'
import type { Plan } from './work.ts'

export interface BestModelOptions {
  /** By which the best is chosen: the highest, of losses and errors the lowest. */
  metric: string
  /** The parameters to keep; an empty list keeps the evaluation only. */
  parameters: readonly (readonly [path: string, parameter: Tensor])[]
  /** The folder of checkpoints that they are kept in; in memory where there is none. */
  directory?: string | undefined
  /** Evaluations in a row without a gain after which a run is out of patience; undefined for none. */
  patience?: number | undefined
  /** One of its ranks writes, and all read. */
  group: World
}

/** The best and the last evaluation of a run, and the parameters that the best was made with. */
export class BestModel {
  readonly metric: string
  readonly #options: BestModelOptions
  readonly #inMemory = new Map<string, Tensor>()
  #best: EvaluationSummary | null = null
  #final: EvaluationSummary | null = null
  #withoutGain = 0

  constructor(options: BestModelOptions) {
    this.metric = options.metric
    this.#options = options
  }

  get best(): EvaluationSummary | null {
    return this.#best
  }

  get final(): EvaluationSummary | null {
    return this.#final
  }

  get outOfPatience(): boolean {
    const { patience } = this.#options
    return patience !== undefined && this.#withoutGain >= patience
  }

  /**
   * Takes an evaluation, and keeps the parameters where it is the best so far: the better metric, and of equal ones
   * the lower loss. A metric that is not a number, as the correlation of a constant is, is worse than any that is one.
   * @returns whether it is the best
   * @throws TorchLoraError DIVERGED for a loss that is not finite
   */
  async consider(evaluation: EvaluationSummary): Promise<boolean> {
    const { step, metrics } = evaluation
    const loss = metrics.loss!
    if (!Number.isFinite(loss))
      throw new TorchLoraError(
        'DIVERGED',
        `The loss of the evaluation after update ${step} is ${loss}. Lower the learning rate or lengthen the warm-up.`,
      )
    const gain = this.#gain(metrics)
    const isBest = gain > 0 || (gain === 0 && loss < this.#best!.metrics.loss!)
    this.#final = evaluation
    this.#withoutGain = gain > 0 ? 0 : this.#withoutGain + 1
    if (isBest) {
      this.#best = evaluation
      await this.#keep()
    }
    return isBest
  }

  /** Above 0 where the metric is better than the best so far, 0 where it is the same. */
  #gain(metrics: Metrics): number {
    if (!this.#best) return 1
    const { metric } = this
    const [now, before] = [metrics, this.#best.metrics].map((each) => gainOf(metric, each[metric]!))
    if (Number.isNaN(before)) return Number.isNaN(now) ? 0 : 1
    return Number.isNaN(now) ? -1 : now! - before!
  }

  async #keep(): Promise<void> {
    const { directory, parameters, group } = this.#options
    if (parameters.length === 0) return
    if (directory !== undefined) {
      if (group.rank === 0) await saveBest(directory, new Map(parameters), this.#best!.step)
      return
    }
    noGrad(() => {
      for (const [path, parameter] of parameters) {
        const kept = this.#inMemory.get(path)
        if (kept) ops.copy_(kept, parameter)
        else this.#inMemory.set(path, parameter.clone())
      }
    })
  }

  /**
   * Puts the best parameters back; does nothing before an evaluation.
   * @throws TorchLoraError INVALID_FILE where they are damaged
   */
  async restore(): Promise<void> {
    const { directory, parameters, group } = this.#options
    if (!this.#best || parameters.length === 0) return
    if (directory !== undefined) {
      if (inGroup(group)) await barrier() // rank 0 has written them
      await restoreBest(directory, new Map(parameters), this.#best.step)
      return
    }
    noGrad(() => {
      for (const [path, parameter] of parameters) ops.copy_(parameter, this.#inMemory.get(path)!)
    })
  }

  /** What a checkpoint says of it. */
  state(): Pick<TrainerState, 'best' | 'final' | 'evaluationsWithoutGain'> {
    return { best: this.#best, final: this.#final, evaluationsWithoutGain: this.#withoutGain }
  }

  /**
   * Goes on from a checkpoint. Where the best parameters are damaged, the next evaluation is the best so far.
   * @returns what is damaged
   */
  async resume({ best, final, evaluationsWithoutGain }: TrainerState): Promise<DamagedCheckpoint[]> {
    this.#best = best
    this.#final = final
    this.#withoutGain = evaluationsWithoutGain
    const { directory, parameters } = this.#options
    if (!best || directory === undefined || parameters.length === 0) return []
    try {
      await verifyBest(directory, best.step)
      return []
    } catch (thrown) {
      if (!(thrown instanceof TorchLoraError)) throw thrown
      this.#best = null
      const problem = `${thrown.message}; the next evaluation counts as the best so far`
      return [{ path: join(directory, `best-${best.step}`), problem }]
    }
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#inMemory.values()) tensor.dispose()
    this.#inMemory.clear()
  }
}

/**
 * The metric that chooses the best model: the one asked for, else the first that is measured.
 * @throws TorchLoraError INVALID_ARGUMENT for one that is not measured, listing those that are and that could be
 */
export function chooseBestMetric(
  asked: string | undefined,
  { metrics, otherMetrics }: Pick<Plan, 'metrics' | 'otherMetrics'>,
): string {
  const chosen = asked ?? metrics[0] ?? 'loss'
  if (chosen === 'loss' || metrics.includes(chosen)) return chosen
  const others = otherMetrics.length > 0 ? `, or of what the task has too: ${otherMetrics.join(', ')}` : ''
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `Trainer: bestMetric '${chosen}' is not measured here; choose one of ${[...metrics, 'loss'].join(', ')}${others}.`,
  )
}
