import { AutoModelForSequenceClassification, type Model } from '../lib/index.ts'
import type { SequenceClassification } from '../lib/tasks/sequence-classification.ts'

/** A classifier of two labels with random weights, the same at every call. */
export function randomClassifier(config: Record<string, unknown>): Model<SequenceClassification> {
  return AutoModelForSequenceClassification.fromConfig(config, { numLabels: 2 })
}

/** `randomClassifier` in roberta-base's shapes but for what `config` says. */
export function randomRoberta(config: Record<string, unknown> = {}): Model<SequenceClassification> {
  return randomClassifier({
    model_type: 'roberta',
    vocab_size: 50265,
    type_vocab_size: 1,
    max_position_embeddings: 514,
    ...config,
  })
}
