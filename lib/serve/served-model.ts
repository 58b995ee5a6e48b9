import { TorchLoraError } from '../errors.ts'
import { type LoadTextModelOptions, loadTextModel } from '../inference/load-text-model.ts'
import type { TextClassifier } from '../inference/text-classifier.ts'
import type { TokenClassifier } from '../inference/token-classifier.ts'

/** A model that there are routes for. */
export type ServedModel = TextClassifier | TokenClassifier

/**
 * Loads a model that there are routes for.
 * @throws TorchLoraError UNSUPPORTED for another; as `loadTextModel`
 */
export async function loadServedModel(dirOrId: string, options: LoadTextModelOptions): Promise<ServedModel> {
  const model = await loadTextModel(dirOrId, options)
  if (model.task === 'sequence-classification' || model.task === 'token-classification') return model
  await model.close()
  throw new TorchLoraError(
    'UNSUPPORTED',
    `${dirOrId} is for ${model.task}, for which the server has no route; hold it in a service of your own (docs/inference.md).`,
  )
}
