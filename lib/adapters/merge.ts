import { TorchLoraError } from '../errors.ts'
import { noGrad } from '../grad-mode.ts'
import type { Model } from '../models/model.ts'
import { boolean, readOptions } from '../options.ts'
import { scope } from '../scope.ts'
import type { Tensor } from '../tensor.ts'
import { forgetLora, loraState } from './apply.ts'

export interface MergeOptions {
  /**
   * Keep the base weights and the adapter beside the merged weights, for `unmergeLora`, `unloadLora` and `saveAdapter`.
   * Default false: the merged model is a plain one, and takes a second adapter.
   */
  keepBase?: boolean
}

/**
 * Puts what the adapter makes of each weight, W' = W + scaling B A for LoRA, in its place, so that inference costs what
 * the base model costs. Returns the same model. Never a side effect of anything else.
 * @throws TorchLoraError INVALID_ARGUMENT when the model has no adapter or is already merged
 */
export function mergeLora<M extends Model>(model: M, options: MergeOptions = {}): M {
  const { keepBase = false } = readOptions('mergeLora', options, { keepBase: boolean })
  const state = loraState(model)
  if (state.merged) throw new TorchLoraError('INVALID_ARGUMENT', 'This model is already merged.')
  const merged = new Map<string, Tensor>()
  for (const [path, layer] of state.layers) {
    const weight = scope(() => noGrad(() => layer.effectiveWeight())) // [out, in]
    model.replaceModule(path, layer.base)
    merged.set(path, model.exchangeParameter(`${path}.weight`, weight))
  }
  state.merged = merged
  if (keepBase) return model
  forgetLora(model)
  state[Symbol.dispose]()
  return model
}

/**
 * Takes a merge back: the base weights return bit for bit, and the updates act in the forward pass again.
 * @throws TorchLoraError INVALID_ARGUMENT when the model is not merged, or was without `keepBase`
 */
export function unmergeLora<M extends Model>(model: M): M {
  const state = loraState(model)
  if (!state.merged) throw new TorchLoraError('INVALID_ARGUMENT', 'This model is not merged.')
  for (const [path, layer] of state.layers) {
    model.replaceParameter(`${path}.weight`, state.merged.get(path)!)
    model.replaceModule(path, layer)
  }
  state.merged = null
  return model
}

/** Removes the adapter: the model is the base model again, bit for bit, head included. */
export function unloadLora<M extends Model>(model: M): M {
  const state = loraState(model)
  if (state.merged) unmergeLora(model)
  for (const [path, layer] of state.layers) {
    for (const [, tensor] of layer.adapterParameters()) tensor.dispose()
    model.replaceModule(path, layer.base)
  }
  for (const [path, tensor] of state.before) model.replaceParameter(path, tensor)
  forgetLora(model)
  return model
}
