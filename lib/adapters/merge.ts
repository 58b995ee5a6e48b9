import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { Model } from '../models/model.ts'
import { forgetTraining } from '../models/model-card.ts'
import { boolean, readOptions } from '../options.ts'
import { scope } from '../scope.ts'
import type { Tensor } from '../tensor.ts'
import { disposeAdapted } from './method.ts'
import { forgetLora, type LoraState, loraState } from './state.ts'

/** How an adapter is merged. */
export interface MergeOptions {
  /**
   * Keep the base weights and the adapter beside the merged weights, for `unmergeLora`, `unloadLora` and `saveAdapter`.
   * Default false: the merged model is a plain one, and takes a second adapter.
   */
  keepBase?: boolean | undefined
  /** Refuse a merge that gives a number which is not finite, and leave the model as it was. Default false. */
  safe?: boolean | undefined
}

/**
 * Puts what the adapter makes of each weight, W' = W + scaling B A for LoRA, in its place, so that inference costs what
 * the base model costs. Returns the same model. Never a side effect of anything else. Adapters that are not active go,
 * unless the base is kept.
 * @throws TorchLoraError INVALID_ARGUMENT when the model has no adapter or is already merged; DIVERGED naming the
 * parameters, with `safe`
 */
export function mergeLora<M extends Model>(model: M, options: MergeOptions = {}): M {
  const { keepBase = false, safe = false } = readOptions('mergeLora', options, {
    keepBase: boolean,
    safe: boolean,
  })
  const state = loraState(model)
  if (state.merged) throw new TorchLoraError('INVALID_ARGUMENT', 'This model is already merged.')
  const results = mergedParameters(state)
  if (safe) requireFinite(results, state.name)
  const merged = new Map<string, Tensor>()
  for (const [path, layer] of state.layers) model.replaceModule(path, layer.base)
  for (const [path, tensor] of results) merged.set(path, model.exchangeParameter(path, tensor))
  state.merged = merged
  if (keepBase) return model
  forgetLora(model)
  state[Symbol.dispose]()
  return model
}

function mergedParameters({ layers }: LoraState): Map<string, Tensor> {
  const results = new Map<string, Tensor>()
  for (const [path, layer] of layers) {
    const own = scope(() => noGrad(() => layer.mergedParameters()))
    for (const [name, tensor] of Object.entries(own)) results.set(`${path}.${name}`, tensor)
  }
  return results
}

function requireFinite(results: ReadonlyMap<string, Tensor>, adapter: string): void {
  const broken = [...results].filter(
    ([, tensor]) => !scope(() => noGrad(() => ops.all(ops.isfinite(tensor)).item())),
  )
  if (broken.length === 0) return
  for (const tensor of results.values()) tensor.dispose()
  const shown = broken.slice(0, 6).map(([path]) => path)
  throw new TorchLoraError(
    'DIVERGED',
    `Merged with adapter '${adapter}', ${shown.join(', ')}${broken.length > 6 ? ` and ${broken.length - 6} more` : ''} would hold numbers that are not finite. The adapter is broken; the model is as it was.`,
  )
}

/**
 * Takes a merge back: the base weights return bit for bit, and the updates act in the forward pass again.
 * @throws TorchLoraError INVALID_ARGUMENT when the model is not merged, or was without `keepBase`
 */
export function unmergeLora<M extends Model>(model: M): M {
  const state = loraState(model)
  if (!state.merged) throw new TorchLoraError('INVALID_ARGUMENT', 'This model is not merged.')
  for (const [path, tensor] of state.merged) model.replaceParameter(path, tensor)
  for (const [path, layer] of state.layers) model.replaceModule(path, layer)
  state.merged = null
  return model
}

/** Removes every adapter: the model is the base model again, bit for bit, head included. */
export function unloadLora<M extends Model>(model: M): M {
  const state = loraState(model)
  if (state.merged) unmergeLora(model)
  for (const [path, layer] of state.layers) {
    disposeAdapted(layer)
    model.replaceModule(path, layer.base)
  }
  for (const [path, tensor] of state.before) model.replaceParameter(path, tensor)
  model.task.temperature = state.temperature
  forgetTraining(model)
  for (const tensor of state.shared.values()) tensor.dispose()
  forgetLora(model)
  return model
}
