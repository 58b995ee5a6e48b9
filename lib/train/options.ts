import type { LabelSet } from '../data/index.ts'
import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { type OptimizerFactory, type OptimizerName, optimizers } from '../optim/registry.ts'
import type { ScheduleName } from '../optim/schedule.ts'
import type { SampleOf, Task } from '../tasks/task.ts'
import type { Tokenizer } from '../tokenizer/index.ts'

/** What a {@link Trainer} trains, on what, how long and how. */
export interface TrainerOptions<T extends Task = Task> {
  /** Its parameters that require a gradient are trained: those of `applyLora`, or all. Changed in place. */
  model: Model<T>
  tokenizer: Tokenizer
  train: readonly SampleOf<T>[]
  evaluate?: readonly SampleOf<T>[]
  /** The model's labels, to make sure of them: any others are refused. */
  labels?: LabelSet
  /** Default 3. */
  epochs?: number
  /** Examples a batch. Default 16, or no limit with maxTokens. */
  batchSize?: number
  /** Tokens a batch at most, instead of or beside batchSize. */
  maxTokens?: number
  /** Batches whose gradients are added up before an update. Default 1. */
  gradientAccumulationSteps?: number
  /** Peak learning rate. Default 4e-4, for LoRA; full fine-tuning wants about 2e-5. */
  learningRate?: number
  /** Of the head; default learningRate. */
  headLearningRate?: number
  /** What moves the parameters: 'adamw' (default), 'muon', or a function that makes your own. */
  optimizer?: OptimizerName | OptimizerFactory
  /** Default 'linear'. */
  schedule?: ScheduleName
  /** Share of the updates that warm up. Default 0.06. */
  warmupRatio?: number
  /** Updates that warm up, instead of warmupRatio. */
  warmupSteps?: number
  /** Default 0. Never on biases and layer norms. */
  weightDecay?: number
  /** Default [0.9, 0.999]. */
  betas?: readonly [number, number]
  /** Default 1e-8. */
  eps?: number
  /** Gradients are scaled to at most this norm; 0 does not clip. Default 1. */
  maxGradNorm?: number
  /** Tokens of a text at most. Default: what the model takes. */
  maxLength?: number
  /** Of batch order, dropout and everything else random. Default 0. */
  seed?: number
  /** What evaluations measure, of `model.task.metricNames`. Default: `model.task.defaultMetrics`. */
  metrics?: readonly string[]
  /** Chooses the best model: a metric (greater is better) or 'loss'. Default: the first metric. */
  bestMetric?: string
  /** Evaluations: after every epoch, or every so many updates and after the last. Default 'epoch'. */
  evaluateEvery?: 'epoch' | number
  /** Stop after so many evaluations without a better one. Default: never. */
  patience?: number
  /** Where checkpoints go; without it there are none. */
  outputDir?: string
  /** Checkpoints: after every epoch, or every so many updates. Default 'epoch'. */
  checkpointEvery?: 'epoch' | number
  /** Go on from the newest checkpoint in outputDir where there is one. Default false. */
  resume?: boolean
  /**
   * What else a run must share with the one it goes on from, by name: the base model, LoRA's alpha. The options here,
   * the training examples and the shapes that train are compared in any case.
   */
  identity?: Readonly<Record<string, unknown>>
  /** Leave the model with the parameters of its best evaluation instead of the last. Default true with `evaluate`. */
  loadBest?: boolean
  /** Tokens a batch at most, when evaluating. Default 4096. */
  evaluationTokens?: number
  /**
   * On CUDA, replay steps as CUDA graphs, for which batches are padded to few shapes; not with gradient checkpointing.
   * Value and gradients stay those of the batch. Default true.
   */
  cudaGraphs?: boolean
}

type Defaulted =
  | 'epochs'
  | 'gradientAccumulationSteps'
  | 'learningRate'
  | 'optimizer'
  | 'schedule'
  | 'warmupRatio'
  | 'weightDecay'
  | 'betas'
  | 'eps'
  | 'maxGradNorm'
  | 'seed'
  | 'evaluateEvery'
  | 'checkpointEvery'
  | 'resume'
  | 'evaluationTokens'
  | 'cudaGraphs'

export type ResolvedTrainerOptions = TrainerOptions & Required<Pick<TrainerOptions, Defaulted>>

/**
 * Fills in the defaults.
 * @throws TorchLoraError INVALID_ARGUMENT naming every option out of range
 */
export function resolveTrainerOptions(options: TrainerOptions): ResolvedTrainerOptions {
  const resolved: ResolvedTrainerOptions = {
    ...options,
    epochs: options.epochs ?? 3,
    gradientAccumulationSteps: options.gradientAccumulationSteps ?? 1,
    learningRate: options.learningRate ?? 4e-4,
    optimizer: options.optimizer ?? 'adamw',
    schedule: options.schedule ?? 'linear',
    warmupRatio: options.warmupRatio ?? 0.06,
    weightDecay: options.weightDecay ?? 0,
    betas: options.betas ?? [0.9, 0.999],
    eps: options.eps ?? 1e-8,
    maxGradNorm: options.maxGradNorm ?? 1,
    seed: options.seed ?? 0,
    evaluateEvery: options.evaluateEvery ?? 'epoch',
    checkpointEvery: options.checkpointEvery ?? 'epoch',
    resume: options.resume ?? false,
    evaluationTokens: options.evaluationTokens ?? 4096,
    cudaGraphs: options.cudaGraphs ?? true,
  }
  const problems: string[] = []
  const { optimizer } = resolved
  if (typeof optimizer !== 'function' && !Object.hasOwn(optimizers, optimizer))
    problems.push(
      `optimizer must be ${Object.keys(optimizers).join(', ')} or a function, received ${JSON.stringify(optimizer)}`,
    )
  const whole = (name: keyof TrainerOptions, least: number) => {
    const value = resolved[name]
    if (value === undefined) return
    if (!Number.isInteger(value) || (value as number) < least) {
      problems.push(`${name} must be a whole number of at least ${least}, received ${value}`)
    }
  }
  const range = (name: keyof TrainerOptions, least: number, most = Number.POSITIVE_INFINITY) => {
    const value = resolved[name]
    if (value === undefined) return
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      problems.push(`${name} must be between ${least} and ${most}, received ${value}`)
    }
  }
  whole('epochs', 1)
  whole('batchSize', 1)
  whole('maxTokens', 1)
  whole('gradientAccumulationSteps', 1)
  whole('warmupSteps', 0)
  whole('patience', 1)
  whole('maxLength', 1)
  whole('seed', 0)
  range('learningRate', Number.MIN_VALUE)
  range('headLearningRate', Number.MIN_VALUE)
  range('warmupRatio', 0, 1)
  range('weightDecay', 0)
  range('maxGradNorm', 0)
  for (const name of ['evaluateEvery', 'checkpointEvery'] as const)
    if (resolved[name] !== 'epoch') whole(name, 1)
  if (options.train.length === 0) problems.push('train holds no examples')
  if (options.evaluate?.length === 0) problems.push('evaluate holds no examples')
  if (options.resume && !options.outputDir) problems.push('resume needs outputDir')
  if (problems.length > 0) throw new TorchLoraError('INVALID_ARGUMENT', `Trainer: ${problems.join('; ')}.`)
  return resolved
}
