import { AutoModelForSequenceClassification, AutoTokenizer, applyLora, TextClassifier } from 'torch-lora'
import type { Given } from './given.ts'

/** A classifier of the model that is in memory, without the disk. */
export async function main({ base }: Given) {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  using model = await AutoModelForSequenceClassification.fromPretrained(base)
  applyLora(model, { r: 4 })
  await using classifier = await TextClassifier.from(model, tokenizer, { warmUp: false })
  const [first] = await classifier.classify(['the film was good', ['a', 'pair']])
  return { labels: first?.labels }
}
