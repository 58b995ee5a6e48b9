import { LabelSet } from '../data/index.ts'
import type { SequenceClassifier } from '../models/classifier.ts'

/** The label set of a model's head: how labels of examples become numbers for it. */
export function labelSetOf({ config }: SequenceClassifier): LabelSet {
  switch (config.problemType) {
    case 'regression':
      return LabelSet.regression()
    case 'multi_label_classification':
      return LabelSet.multi(config.labels)
    case 'single_label_classification':
      return LabelSet.single(config.labels)
  }
}
