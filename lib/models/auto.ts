import { BertForSequenceClassification } from './bert.ts'
import type { SequenceClassifier } from './classifier.ts'
import { DebertaV2ForSequenceClassification } from './deberta-v2.ts'
import { type Family, type FromPretrainedOptions, loadPretrained } from './pretrained.ts'
import { RobertaForSequenceClassification } from './roberta.ts'

const families: readonly Family[] = [
  BertForSequenceClassification,
  RobertaForSequenceClassification,
  DebertaV2ForSequenceClassification,
]

/** Sequence classifiers by the `model_type` of their `config.json`; named as in transformers. */
export const AutoModelForSequenceClassification = {
  /**
   * Loads a classifier of whichever family `config.json` names, from a folder or from the Hugging Face hub.
   * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE, UNSUPPORTED, NETWORK
   */
  fromPretrained(dirOrId: string, options: FromPretrainedOptions = {}): Promise<SequenceClassifier> {
    return loadPretrained(families, dirOrId, options)
  },

  /** The supported values of `model_type`. */
  modelTypes: families.map(({ modelType }) => modelType),
}
