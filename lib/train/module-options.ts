import { TorchLoraError } from '../errors.ts'
import { Model } from '../models/model.ts'
import { Module } from '../nn/module.ts'
import { callback, list, type Rule, type Rules, readOptions } from '../options.ts'
import type { Tensor } from '../tensor.ts'
import type { ModuleRun } from './module-plan.ts'
import { resolveTraining, type TrainingOptions, trainingRules } from './options.ts'

/** What a {@link Trainer} trains that knows no texts: a module of one's own, on batches of one's own. */
export interface ModuleTrainerOptions<
  Mod extends Module = Module,
  Row = unknown,
  Batch = unknown,
  M extends string = string,
> extends TrainingOptions {
  /** Its parameters that require a gradient are trained (`setRequiresGrad(true)`). Changed in place. */
  model: Mod
  /** What it learns from: whatever `batch` makes tensors of. */
  train: readonly Row[]
  /** What is held out, for evaluations. */
  evaluate?: readonly Row[] | undefined
  /**
   * The tensors of some rows, alone or in arrays and objects, on the model's device. Made anew for every batch: they are
   * disposed of after it. What is drawn at random in it is drawn from `seed`, so that a run that resumes is the same.
   */
  batch: (rows: readonly Row[], options: { seed: number }) => Batch
  /** The mean loss over a batch, 0-dimensional. It is recorded: it calls operators only. */
  loss: (model: Mod, batch: Batch) => Tensor
  /** What evaluations measure beside the loss, by name: each the mean over a batch, 0-dimensional; greater is better. */
  metrics?: Readonly<Record<M, (model: Mod, batch: Batch) => Tensor>> | undefined
}

const functions: Rule = (value) =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).every(([name, of]) => typeof of === 'function' && name !== 'loss')
    ? undefined
    : "functions by name, none of them 'loss'"

const rules: Rules<ModuleTrainerOptions> = {
  ...trainingRules,
  model: (value) =>
    value instanceof Module && !(value instanceof Model) ? undefined : 'a Module of your own',
  train: list('rows', 1),
  evaluate: list('rows', 1),
  batch: callback,
  loss: callback,
  metrics: functions,
}

/** AdamW's own default in PyTorch: of a module nothing else is known. */
const usualRate = 1e-3

/**
 * Fills in the defaults.
 * @throws TorchLoraError INVALID_ARGUMENT naming every option out of range
 */
export function resolveModuleOptions(options: ModuleTrainerOptions): ModuleRun {
  readOptions('Trainer.forModule', options, rules)
  if (typeof options.loss !== 'function')
    throw new TorchLoraError('INVALID_ARGUMENT', 'Trainer.forModule: loss must be a function, received none.')
  const { learningRate = usualRate } = options
  return resolveTraining(options, {
    examples: options.train.length,
    hiddenSize: 768,
    adapters: false,
    freshHead: false,
    given: { ...options, learningRate },
  })
}
