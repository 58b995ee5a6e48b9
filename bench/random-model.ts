import { manualSeed, RobertaForSequenceClassification, type SequenceClassifier } from '../lib/index.ts'
import { ConfigReader } from '../lib/models/config.ts'
import type { Family } from '../lib/models/pretrained.ts'

/** A classifier of two labels with random weights, the same at every call. */
export function randomClassifier<M extends SequenceClassifier>(
  family: Family<M>,
  config: Record<string, unknown>,
): M {
  manualSeed(0)
  return new family(family.readConfig(new ConfigReader(config, 'config.json'), { numLabels: 2 }))
}

/** `randomClassifier` in roberta-base's shapes but for what `config` says. */
export function randomRoberta(config: Record<string, unknown> = {}): RobertaForSequenceClassification {
  return randomClassifier(RobertaForSequenceClassification, {
    model_type: 'roberta',
    vocab_size: 50265,
    type_vocab_size: 1,
    max_position_embeddings: 514,
    ...config,
  })
}
