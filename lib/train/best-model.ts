import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { Metrics } from '../tasks/task.ts'
import type { Tensor } from '../tensor.ts'
import { restoreTensors, saveTensors, type TrainerState } from './checkpoint.ts'

/** What an evaluation found, and when. */
export type Evaluation = { step: number; epoch: number; metrics: Metrics }

export interface BestModelOptions {
  /** By which the best is chosen: the highest, of 'loss' the lowest. */
  metric: string
  /** The parameters to keep; an empty list keeps the evaluation only. */
  parameters: readonly (readonly [path: string, parameter: Tensor])[]
  /** Where they are kept; in memory where there is none. */
  file?: string
  /** Evaluations in a row without a gain after which a run is out of patience; undefined for none. */
  patience?: number
}

/** The best and the last evaluation of a run, and the parameters that the best was made with. */
export class BestModel {
  readonly metric: string
  readonly #options: BestModelOptions
  readonly #inMemory = new Map<string, Tensor>()
  #best: Evaluation | null = null
  #final: Evaluation | null = null
  #withoutGain = 0

  constructor(options: BestModelOptions) {
    this.metric = options.metric
    this.#options = options
  }

  get best(): Evaluation | null {
    return this.#best
  }

  get final(): Evaluation | null {
    return this.#final
  }

  get outOfPatience(): boolean {
    const { patience } = this.#options
    return patience !== undefined && this.#withoutGain >= patience
  }

  /** Takes an evaluation, and keeps the parameters where it is the best so far. @returns whether it is */
  async consider(evaluation: Evaluation): Promise<boolean> {
    const value = evaluation.metrics[this.metric]!
    const before = this.#best?.metrics[this.metric] ?? Number.NaN
    const better = this.metric === 'loss' ? value < before : value > before
    const isBest = Number.isNaN(before) || better // NaN: no evaluation yet, or the correlation of a constant
    this.#final = evaluation
    this.#withoutGain = isBest ? 0 : this.#withoutGain + 1
    if (isBest) {
      this.#best = evaluation
      await this.#keep()
    }
    return isBest
  }

  async #keep(): Promise<void> {
    const { file, parameters } = this.#options
    if (parameters.length === 0) return
    if (file !== undefined) {
      await saveTensors(file, new Map(parameters))
      return
    }
    noGrad(() => {
      for (const [path, parameter] of parameters) {
        const kept = this.#inMemory.get(path)
        if (kept) ops.copy_(kept, parameter).dispose()
        else this.#inMemory.set(path, parameter.clone())
      }
    })
  }

  /** Puts the best parameters back; does nothing before an evaluation. */
  async restore(): Promise<void> {
    const { file, parameters } = this.#options
    if (!this.#best || parameters.length === 0) return
    if (file !== undefined) {
      await restoreTensors(file, new Map(parameters))
      return
    }
    noGrad(() => {
      for (const [path, parameter] of parameters) ops.copy_(parameter, this.#inMemory.get(path)!).dispose()
    })
  }

  /** What a checkpoint says of it. */
  state(): Pick<TrainerState, 'best' | 'final' | 'evaluationsWithoutGain'> {
    return { best: this.#best, final: this.#final, evaluationsWithoutGain: this.#withoutGain }
  }

  /** Goes on from a checkpoint; the parameters lie in the file. */
  resume({ best, final, evaluationsWithoutGain }: TrainerState): void {
    this.#best = best
    this.#final = final
    this.#withoutGain = evaluationsWithoutGain
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#inMemory.values()) tensor.dispose()
    this.#inMemory.clear()
  }
}

/**
 * The metric that chooses the best model: the one asked for, else the first that is measured.
 * @throws TorchLoraError INVALID_ARGUMENT for one that is not measured
 */
export function chooseBestMetric(asked: string | undefined, measured: readonly string[]): string {
  const chosen = asked ?? measured[0]!
  if (chosen === 'loss' || measured.includes(chosen)) return chosen
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `Trainer: bestMetric '${chosen}' is not measured here; choose one of ${measured.join(', ')}, loss.`,
  )
}
