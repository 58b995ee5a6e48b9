import { AutoModelForSequenceClassification, applyLora, saveAdapter, TextClassifier } from 'torch-lora'
import type { Given } from './given.ts'

/** One base, several adapters, chosen by each request. */
export async function main({ base, out }: Given) {
  using model = await AutoModelForSequenceClassification.fromPretrained(base)
  applyLora(model, { r: 4 })
  await saveAdapter(model, out)
  await using classifier = await TextClassifier.load(base, { adapters: { tone: out }, warmUp: false })
  const [own, adapted] = await Promise.all([
    classifier.classify('good'),
    classifier.classify('good', { adapter: 'tone' }),
  ])
  return { own: own.label, adapted: adapted.label }
}
