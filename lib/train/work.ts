import type { World } from '../distributed/world.ts'
import type { BatchTensors } from '../nn/batch.ts'
import type { Module } from '../nn/module.ts'
import type { LossFunction, Metrics, Progress, Targets } from '../tasks/task.ts'
import type { Device, Tensor } from '../tensor.ts'

/** What a step runs forward: a model for texts, or a module whose outputs are its loss. */
export interface StepModel {
  train(): unknown
  /** [rows, width]; of a module of one's own its loss, [] */
  forward(batch: BatchTensors, wanted?: Tensor | null): Tensor
  /** The mean loss over a batch, []. */
  loss(outputs: Tensor, targets: Targets, of?: LossFunction): Tensor
}

/** The examples of one batch, drawn, and not yet in tensors but for what they are compared with. */
export interface DrawnBatch {
  readonly examples: number
  readonly tokens: number
  /** The caller disposes of them. */
  readonly targets: Targets
  /** Lays the batch out in tensors, which the caller disposes of. */
  batch(): BatchTensors
  /** The same in parts, where a batch is larger than a pass may be; null where it is one. */
  readonly parts: readonly (() => BatchTensors)[] | null
}

/** Training examples that are ready, and how they are measured: all that the loop asks of what it trains. */
export interface Work extends Disposable {
  readonly model: StepModel
  /** Formed of outputs and targets; undefined for the model's own. */
  readonly loss: LossFunction | undefined
  /** Of each training example, in tokens. */
  readonly lengths: readonly number[]
  /** Texts that were longer than the model takes, and were cut. */
  readonly truncated: number
  /** Says whether two runs train on the same examples. */
  readonly digest: string
  /** Whether batches may come in parts, between which no other batch's may come. */
  readonly inParts: boolean
  draw(indices: Uint32Array, options: { seed: number; graphs: boolean }): DrawnBatch
  /** Examples that are held out. */
  readonly heldOut: number
  /** Their mean loss and metrics; null without any. */
  readonly evaluate: (() => Promise<{ metrics: Metrics; progress: Progress }>) | null
}

/** What a run is to train, checked before it begins. */
export interface Plan {
  readonly module: Module
  readonly device: Device
  /** Where CUDA graphs are captured; undefined for none. */
  readonly graphs: Device | undefined
  /** What evaluations measure, beside the loss. */
  readonly metrics: readonly string[]
  /** What could be measured beside those, for messages. */
  readonly otherMetrics: readonly string[]
  /** What texts are cut to; undefined for what reads none. */
  readonly maxLength: number | undefined
  prepare(group: World): Promise<Work>
}
