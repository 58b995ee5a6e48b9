import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { SequenceClassifier } from '../models/classifier.ts'
import type { LowRankUpdate } from '../nn/linear.ts'
import { scope } from '../scope.ts'
import type { Tensor } from '../tensor.ts'
import { forgetLora, loraState } from './apply.ts'

/**
 * Adds each update to its weight, W' = W + scaling B A, and takes the update out of the forward pass, so that
 * inference costs what the base model costs. Returns the same model. Never a side effect of anything else.
 * @throws TorchLoraError INVALID_ARGUMENT when the model has no adapter or is already merged
 */
export function mergeLora<M extends SequenceClassifier>(model: M): M {
  const state = loraState(model)
  if (state.merged) throw new TorchLoraError('INVALID_ARGUMENT', 'This model is already merged.')
  const merged = new Map<string, Tensor>()
  for (const [path, layer] of state.layers) {
    const update = layer.update!
    const weight = scope(() => noGrad(() => ops.add(layer.weight, delta(update, layer.weight.dtype)))) // [out, in]
    merged.set(path, model.exchangeParameter(`${path}.weight`, weight))
    layer.mergedUpdate = update
    layer.update = null
  }
  state.merged = merged
  return model
}

/**
 * Takes a merge back: the base weights return bit for bit, and the updates act in the forward pass again.
 * @throws TorchLoraError INVALID_ARGUMENT when the model is not merged
 */
export function unmergeLora<M extends SequenceClassifier>(model: M): M {
  const state = loraState(model)
  if (!state.merged) throw new TorchLoraError('INVALID_ARGUMENT', 'This model is not merged.')
  for (const [path, layer] of state.layers) {
    model.replaceParameter(`${path}.weight`, state.merged.get(path)!)
    layer.update = layer.mergedUpdate
    layer.mergedUpdate = null
  }
  state.merged = null
  return model
}

/** Removes the adapter: the model is the base model again, bit for bit, head included. */
export function unloadLora<M extends SequenceClassifier>(model: M): M {
  const state = loraState(model)
  if (state.merged) unmergeLora(model)
  for (const layer of state.layers.values()) {
    layer.update?.A.dispose()
    layer.update?.B.dispose()
    layer.update = null
  }
  for (const [path, tensor] of state.before) model.replaceParameter(path, tensor)
  forgetLora(model)
  return model
}

/** scaling B A in the weight's dtype. */
function delta({ A, B, scaling }: LowRankUpdate, dtype: Tensor['dtype']): Tensor {
  return ops.mulScalar(ops.matmul(B, A), scaling).to({ dtype }) // [out, in]
}
