import type { Metrics } from '../tasks/task.ts'
import type { RunSettings } from './run-settings.ts'

/** Measured values by name: `loss` and the metrics that were asked for. */
export type MetricsOf<M extends string> = Metrics & Readonly<Record<M | 'loss', number>>

/** An evaluation of a run, and when it was. */
export interface EvaluationSummary<M extends string = string> {
  step: number
  epoch: number
  metrics: MetricsOf<M>
}

/** What a training run says as it goes on. `step` counts optimizer updates from 1. */
export type TrainerEvent<M extends string = string> =
  | {
      type: 'start'
      /** Updates that the whole run makes, those before a resume included. */
      totalSteps: number
      /** Updates already made, when the run resumes. */
      resumedAt: number
      /** Newer checkpoints that could not be gone on from, and best parameters that are lost, each with what is wrong. */
      damaged: readonly { path: string; problem: string }[]
      trainableParameters: number
      totalParameters: number
      optimizerStateBytes: number
      /** Texts that were longer than the model takes, and were cut. */
      truncated: number
      /** What the run was given or what was chosen for it. */
      settings: RunSettings
    }
  | {
      type: 'step'
      step: number
      totalSteps: number
      /** Epochs done, as a fraction. */
      epoch: number
      /** Mean over the update's batches. */
      loss: number
      gradNorm: number
      learningRate: number
      examples: number
      tokens: number
      /** Wall time of this update. */
      seconds: number
    }
  /** An evaluation begins, which takes its time. */
  | { type: 'evaluating'; step: number; examples: number }
  | ({ type: 'evaluation'; best: boolean; seconds: number } & EvaluationSummary<M>)
  | { type: 'checkpoint'; step: number; path: string; seconds: number }
  | { type: 'end'; summary: TrainingSummary<M> }

/** What a run came to; the contents of `summary.json`. */
export interface TrainingSummary<M extends string = string> {
  steps: number
  epochs: number
  /** Whether a signal ended the run early. */
  interrupted: boolean
  trainableParameters: number
  optimizerStateBytes: number
  /** Training, evaluation and checkpoints; of a resumed run, with the time before its last checkpoint. */
  wallSeconds: number
  /** Processor time of all threads of the process over the same: what it takes whatever else the machine does. */
  cpuSeconds: number
  /** Wall time of the updates alone. */
  trainSeconds: number
  tokensPerSecond: number
  examplesPerSecond: number
  /** Bytes of this process that were resident at most. */
  peakResidentBytes: number
  /** What the run was given or what was chosen for it. */
  settings: RunSettings
  /** Why the model has hardly learned; null where it has. */
  warning: string | null
  /** What chose the best evaluation: a metric, or 'loss'. */
  bestMetric: string
  /** The best evaluation by the chosen metric, and the last. */
  best: EvaluationSummary<M> | null
  final: EvaluationSummary<M> | null
}
