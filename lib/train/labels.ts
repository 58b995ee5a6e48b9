import { LabelSet } from '../data/index.ts'
import type { SequenceClassifier } from '../models/classifier.ts'

/**
 * The label set of a model's head: how labels of examples become numbers for it.
 * @param options.given a set that somebody holds for the model's; it is checked, never applied
 * @throws TorchLoraError INCOMPATIBLE when `given` is another set, or the same names in another order
 */
export function labelSetOf(
  { config: { labels, problemType } }: SequenceClassifier,
  { given }: { given?: LabelSet } = {},
): LabelSet {
  const own = LabelSet.of(labels, problemType)
  if (given) own.requireSame(given)
  return own
}
