import { loraPlusScale } from '../adapters/lora-plus.ts'
import { adapterOptimizer } from '../adapters/state.ts'
import { TorchLoraError } from '../errors.ts'
import { Model } from '../models/model.ts'
import { LayerNorm } from '../nn/layer-norm.ts'
import type { Module } from '../nn/module.ts'
import { isBias } from '../optim/adamw.ts'
import type { NamedParameters, Optimizer } from '../optim/optimizer.ts'
import { type OptimizerFactory, type OptimizerName, optimizerFactory } from '../optim/registry.ts'
import { isHalf } from '../tensor.ts'
import type { ResolvedTrainerOptions } from './options.ts'

/**
 * The parameters of a model that a run trains.
 * @throws TorchLoraError INVALID_ARGUMENT for a model with nothing to train, or parameters that training cannot move
 */
export function trainedParameters(model: Module): NamedParameters {
  const parameters = model.trainableParameters()
  if (parameters.length === 0) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      'No parameter of the model requires a gradient: call applyLora(model, ...) first, or model.setRequiresGrad(true) for full fine-tuning.',
    )
  }
  const narrow = parameters.filter(([, { dtype }]) => isHalf(dtype)).map(([path]) => path)
  if (narrow.length > 0) {
    const shown = narrow.slice(0, 3).join(', ') + (narrow.length > 3 ? ` and ${narrow.length - 3} more` : '')
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `Updates of half-precision parameters round to nothing: ${shown}. Load the model with dtype 'float32' to train these; adapters and the head are float32 under any weights.`,
    )
  }
  return parameters
}

/** The optimizer of a run, of the one given or one that is made; and what of it is made here, for the caller to free. */
export function runOptimizer(
  model: Module,
  parameters: NamedParameters,
  options: ResolvedTrainerOptions,
): { optimizer: Optimizer; made: Disposable } {
  const { optimizer: given } = options
  const inner = typeof given === 'object' ? given : madeOptimizer(parameters, given, { ...options, model })
  const optimizer = model instanceof Model ? adapterOptimizer(model, inner) : inner
  const made = [optimizer, inner].filter((each) => each !== given)
  return {
    optimizer,
    made: {
      [Symbol.dispose]() {
        for (const each of new Set(made)) each[Symbol.dispose]()
      },
    },
  }
}

function madeOptimizer(
  parameters: NamedParameters,
  choice: OptimizerName | OptimizerFactory,
  options: ResolvedTrainerOptions & { model: Module },
): Optimizer {
  const { betas, eps, weightDecay, learningRate, headLearningRate, loraplusLrRatio, model } = options
  const headScale = headLearningRate / learningRate
  const roleOf = (path: string) => (model instanceof Model ? model.roleOf(path) : 'body')
  const plus =
    loraplusLrRatio === undefined || !(model instanceof Model)
      ? null
      : loraPlusScale(model, { learningRate, loraplusLrRatio })
  const norms = normPaths(model)
  return optimizerFactory(choice)(parameters, {
    betas,
    eps,
    weightDecay,
    noDecay: (path) => isBias(path) || norms.has(path),
    learningRateScale: (path) => (roleOf(path) === 'head' ? headScale : 1) * (plus?.(path) ?? 1),
  })
}

/**
 * Checks that an optimizer that was given moves what trains, all of it and nothing else.
 * @throws TorchLoraError INVALID_ARGUMENT
 */
export function requireOwn(optimizer: Optimizer, parameters: NamedParameters): void {
  const moved = new Set(optimizer.parameters.map(([, parameter]) => parameter))
  const missing = parameters.filter(([, parameter]) => !moved.has(parameter)).map(([path]) => path)
  if (missing.length === 0 && moved.size === parameters.length) return
  const what =
    missing.length > 0
      ? `does not move ${missing.slice(0, 3).join(', ')}`
      : 'moves tensors that the model does not train'
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `Trainer: the optimizer ${what}. Make it of model.trainableParameters(), after applyLora.`,
  )
}

/** The parameters of norms, which are not decayed, as in transformers. */
function normPaths(model: Module): Set<string> {
  const norms = [...model.namedModules()].filter(([, module]) => module instanceof LayerNorm)
  return new Set(norms.flatMap(([path, norm]) => Array.from(norm.namedParameters(path), ([name]) => name)))
}
