import { loadAdapter, readAdapterLabels } from '../adapters/adapter.ts'
import { AutoModelForSequenceClassification } from '../models/auto.ts'
import type { Model } from '../models/model.ts'
import type { FromPretrainedOptions } from '../models/pretrained.ts'
import type { SequenceClassification } from '../tasks/sequence-classification.ts'
import { AutoTokenizer, checkVocabularies, type Tokenizer } from '../tokenizer/index.ts'

/** How {@link loadClassifier} loads a model and what it puts on it. */
export interface LoadClassifierOptions extends FromPretrainedOptions {
  /** A PEFT folder, or a loralib checkpoint file. */
  adapter?: string
  /** For a loralib checkpoint, which does not say its alpha. */
  loraAlpha?: number
}

/**
 * A classifier ready to predict, with its tokenizer: a model folder or hub id, and an adapter whose labels the head
 * takes. The adapter is not merged (`mergeLora`).
 * @throws TorchLoraError INCOMPATIBLE where their vocabularies are not one model's; as `AutoModelForSequenceClassification.fromPretrained` and `loadAdapter`
 */
export async function loadClassifier(
  dirOrId: string,
  { adapter, loraAlpha, ...options }: LoadClassifierOptions = {},
): Promise<{ model: Model<SequenceClassification>; tokenizer: Tokenizer }> {
  const labels = adapter === undefined ? {} : await readAdapterLabels(adapter)
  const [model, tokenizer] = await Promise.all([
    AutoModelForSequenceClassification.fromPretrained(dirOrId, { ...labels, ...options }),
    AutoTokenizer.fromPretrained(dirOrId, options),
  ])
  try {
    checkVocabularies(tokenizer, model.config.vocabSize)
  } catch (error) {
    model.dispose()
    await tokenizer.close()
    throw error
  }
  if (adapter !== undefined) await loadAdapter(model, adapter, { loraAlpha })
  return { model: model.eval(), tokenizer }
}
