import { hasLora, loraState } from '../adapters/state.ts'
import { LabelSet } from '../data/index.ts'
import { groupOf, type World } from '../distributed/world.ts'
import { TorchLoraError } from '../errors.ts'
import { modelRules } from '../models/encode-examples.ts'
import type { Model } from '../models/model.ts'
import type { Optimizer } from '../optim/optimizer.ts'
import type { OptimizerFactory, OptimizerName } from '../optim/registry.ts'
import type { ScheduleName, ScheduleShape } from '../optim/schedule.ts'
import {
  boolean,
  callback,
  either,
  list,
  object,
  type Rule,
  type Rules,
  readOptions,
  string,
  whole,
} from '../options.ts'
import type { LossFunction, SampleOf, Task } from '../tasks/task.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
import { chooseSettings, type RunShape } from './defaults.ts'
import type { BaseDType } from './quantize-base.ts'
import { schemaRules, trainingSchema, withSchemaDefaults } from './training-schema.ts'

/** How long and how a {@link Trainer} trains, whatever it trains. */
export interface TrainingOptions {
  /** Default: by {@link chooseSettings}, 3 or more where there are few examples. */
  epochs?: number | undefined
  /** Updates at most; without `epochs` as many. */
  maxSteps?: number | undefined
  /** Examples a batch. Default: by {@link chooseSettings}, 16 or fewer; no limit with maxTokens. */
  batchSize?: number | undefined
  /** Batches whose gradients are added up before an update. Default 1. */
  gradientAccumulationSteps?: number | undefined
  /**
   * Peak learning rate. Default: the adapter method's own, where it has one; else by {@link chooseSettings}, for the
   * encoder's width, LoRA or full fine-tuning.
   */
  learningRate?: number | undefined
  /**
   * What moves the parameters: 'adamw' (default), 'muon', a function that makes your own, or one that is made, of
   * `model.trainableParameters()`. One that is made has its own settings and stays the caller's to dispose of.
   */
  optimizer?: OptimizerName | OptimizerFactory | Optimizer | undefined
  /** Default 'linear'. */
  schedule?: ScheduleName | undefined
  /** What a schedule takes beside its name. */
  scheduleShape?: ScheduleShape | undefined
  /** Share of the updates that warm up. Default 0.06. */
  warmupRatio?: number | undefined
  /** Updates that warm up, instead of warmupRatio. */
  warmupSteps?: number | undefined
  /** Default 0. Never on biases and layer norms. */
  weightDecay?: number | undefined
  /** Default [0.9, 0.999]. */
  betas?: readonly [number, number] | undefined
  /** Default 1e-8. */
  eps?: number | undefined
  /** Gradients are scaled to at most this norm; 0 does not clip. Default 1. */
  maxGradNorm?: number | undefined
  /** Of batch order, dropout and everything else random. Default 0. */
  seed?: number | undefined
  /** Chooses the best model: a metric, which is then measured too, or 'loss'. Default: the first metric. */
  bestMetric?: string | undefined
  /** Evaluations: after every epoch, or every so many updates and after the last. Default 'epoch'. */
  evaluateEvery?: 'epoch' | number | undefined
  /** Stop after so many evaluations without a better one. Default: never. */
  patience?: number | undefined
  /** Where checkpoints go; without it there are none. */
  outputDir?: string | undefined
  /** Checkpoints: after every epoch, or every so many updates. Default 'epoch'. */
  checkpointEvery?: 'epoch' | number | undefined
  /** Go on from the newest checkpoint in outputDir where there is one. Default false. */
  resume?: boolean | undefined
  /**
   * What else a run must share with the one it goes on from, by name: the base model, LoRA's alpha. The options here,
   * the training examples and the shapes that train are compared in any case.
   */
  identity?: Readonly<Record<string, unknown>> | undefined
  /** Leave the model with the parameters of its best evaluation instead of the last. Default true with `evaluate`. */
  loadBest?: boolean | undefined
  /**
   * The processes that train the model together: what `await distributed.init()` gave, which is the default once a
   * process has joined, or `distributed.alone`, with which each of them trains a model of its own.
   */
  group?: World | undefined
}

/** What a {@link Trainer} trains, on what, how long and how. */
export interface TrainerOptions<T extends Task = Task, M extends string = string> extends TrainingOptions {
  /** Its parameters that require a gradient are trained: those of `applyLora`, or all. Changed in place. */
  model: Model<T>
  tokenizer: Tokenizer
  train: readonly SampleOf<T>[]
  evaluate?: readonly SampleOf<T>[] | undefined
  /** The model's labels, to make sure of them: any others are refused. */
  labels?: LabelSet | undefined
  /** Tokens a batch at most, instead of or beside batchSize. */
  maxTokens?: number | undefined
  /** Of the head. Default: learningRate, of a head that starts fresh in a short run at least 2e-3. */
  headLearningRate?: number | undefined
  /** LoRA+: the learning rate of every lora_B, bias and vector is so many times learningRate. At least 1. */
  loraplusLrRatio?: number | undefined
  /**
   * The loss that is trained, instead of the task's: a 0-dimensional tensor of a batch's outputs and of its targets
   * (`model.task.collate`). It is recorded: it calls operators only. What an adapter method adds to a loss, AdaLoRA's
   * penalty, is added to it too. Evaluations measure the task's loss as ever.
   */
  loss?: LossFunction | undefined
  /** What a label counts in the loss, by class; 'balanced' in inverse proportion to how often it occurs. Default: all 1. */
  classWeights?: 'balanced' | Readonly<Record<string, number>> | undefined
  /** The share of a label that is spread over all classes (Szegedy et al., 2016). Default 0. */
  labelSmoothing?: number | undefined
  /** Tokens of a text at most. Default: what the model takes. */
  maxLength?: number | undefined
  /** What evaluations measure, of `model.task.metricNames`. Default: `model.task.defaultMetrics`. */
  metrics?: readonly M[] | undefined
  /**
   * What frozen weights are kept in, for float32 models on the CPU: 'int8' trains over those that `dtype: 'int8'` serves,
   * on their 8-bit codes; 'nf4' over what bitsandbytes' four bits stand for, as QLoRA does, products in float32. The codes
   * stay with the model. Adapters, head and all else stay in float32. Default: the weights as the model has them.
   */
  baseDtype?: BaseDType | undefined
  /** Tokens a batch at most, when evaluating. Default 4096. */
  evaluationTokens?: number | undefined
  /**
   * On CUDA, replay steps as CUDA graphs, for which batches are padded to few shapes; not with gradient checkpointing.
   * Value and gradients stay those of the batch. Default true.
   */
  cudaGraphs?: boolean | undefined
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
  | 'group'

/** The options of a run with its defaults, whatever it trains; of texts alone what may be missing. */
export type ResolvedTrainerOptions = TrainingOptions &
  Required<Pick<TrainingOptions, Defaulted>> &
  Pick<
    TrainerOptions,
    'maxTokens' | 'loraplusLrRatio' | 'classWeights' | 'labelSmoothing' | 'maxLength' | 'baseDtype'
  > & {
    headLearningRate: number
    loss?: { readonly name: string } | undefined
  }

/** The options of a run on texts with its defaults. */
export type TextRun = TrainerOptions &
  ResolvedTrainerOptions &
  Required<Pick<TrainerOptions, 'evaluationTokens' | 'cudaGraphs'>>

const anOptimizer: Rule = (value) =>
  typeof value === 'object' && value !== null && 'zeroGrad' in value && 'step' in value
    ? undefined
    : 'an Optimizer'

/** What an optimizer that is made has settled itself. */
const optimizersOwn = ['weightDecay', 'betas', 'eps', 'headLearningRate', 'loraplusLrRatio'] as const

/** Those of texts alone, and those of any run. */
const {
  maxTokens,
  headLearningRate,
  loraplusLrRatio,
  classWeights,
  labelSmoothing,
  maxLength,
  metrics,
  baseDtype,
  ...rulesOfAny
} = schemaRules

/** What {@link TrainingOptions} may be. */
export const trainingRules: Rules<TrainingOptions> = {
  ...rulesOfAny,
  optimizer: either(rulesOfAny.optimizer, callback, anOptimizer),
  outputDir: string,
  resume: boolean,
  identity: object('an object of names and values'),
  loadBest: boolean,
  group: object('what distributed.init() gave, or distributed.alone'),
}

const rules: Rules<TrainerOptions> = {
  ...trainingRules,
  ...modelRules,
  train: list('examples', 1),
  evaluate: list('examples', 1),
  labels: (value) => (value instanceof LabelSet ? undefined : 'a LabelSet'),
  maxTokens,
  headLearningRate,
  loraplusLrRatio,
  loss: callback,
  classWeights,
  labelSmoothing,
  maxLength,
  metrics,
  evaluationTokens: whole(1),
  cudaGraphs: boolean,
  baseDtype,
}

const shapeRules: Rules<ScheduleShape> = {
  power: trainingSchema.schedulePower.rule,
  cycles: trainingSchema.scheduleCycles.rule,
}

/**
 * Fills in the defaults of a run on texts.
 * @throws TorchLoraError INVALID_ARGUMENT naming every option out of range
 */
export function resolveTrainerOptions(options: TrainerOptions): TextRun {
  readOptions('Trainer', options, rules)
  if (options.loss && (options.classWeights !== undefined || options.labelSmoothing))
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      'Trainer: classWeights and labelSmoothing would not be heeded by a loss of your own: bring them into it.',
    )
  const { model } = options
  const body = [...model.namedParameters()].filter(([path]) => model.roleOf(path) === 'body')
  const own = hasLora(model) ? loraState(model) : null
  const learningRate = options.learningRate ?? own?.method.learningRate?.(own.config)
  const run = resolveTraining(options, {
    examples: options.train.length,
    hiddenSize: model.config.hiddenSize,
    adapters: body.some(([, parameter]) => !parameter.requiresGrad),
    freshHead: [...model.freshParameters].some((path) => model.roleOf(path) === 'head'),
    given: { ...options, learningRate },
  })
  return {
    ...run,
    evaluationTokens: options.evaluationTokens ?? 4096,
    cudaGraphs: options.cudaGraphs ?? true,
  }
}

/** The schedule that each part of a shape is of. */
const shaped: { readonly [Part in keyof Required<ScheduleShape>]: ScheduleName } = {
  power: 'polynomial',
  cycles: 'cosine_with_restarts',
}

/** @throws TorchLoraError INVALID_ARGUMENT for a part of a shape that the schedule would not heed */
function requireHeeded(shape: ScheduleShape = {}, schedule: ScheduleName): void {
  for (const [part, of] of Object.entries(shaped))
    if (shape[part as keyof ScheduleShape] !== undefined && schedule !== of)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `Trainer: \`scheduleShape.${part}\` is of the schedule '${of}' and would not be heeded by '${schedule}': leave it away.`,
      )
}

/**
 * Fills in the defaults of any run.
 * @param shape what they are chosen by
 * @throws TorchLoraError INVALID_ARGUMENT
 */
export function resolveTraining<O extends TrainingOptions>(
  options: O,
  shape: Omit<RunShape, 'batchesPerUpdate'>,
): O & ResolvedTrainerOptions {
  const { scheduleShape, gradientAccumulationSteps = 1 } = options
  if (scheduleShape) readOptions('Trainer, scheduleShape', scheduleShape, shapeRules)
  requireHeeded(scheduleShape, options.schedule ?? trainingSchema.schedule.default)
  const group = groupOf('Trainer', options.group)
  const own: Partial<TrainerOptions> = options
  const settled = optimizersOwn.filter((name) => own[name] !== undefined)
  if (typeof options.optimizer === 'object' && settled.length > 0)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `Trainer: ${settled.join(', ')} would not be heeded, since the optimizer is made already: give it there.`,
    )
  if (options.resume && !options.outputDir)
    throw new TorchLoraError('INVALID_ARGUMENT', 'Trainer: resume needs outputDir.')
  return {
    ...withSchemaDefaults(options),
    ...chooseSettings({ ...shape, batchesPerUpdate: gradientAccumulationSteps * group.worldSize }),
    group,
    resume: options.resume ?? false,
  } as O & ResolvedTrainerOptions
}
