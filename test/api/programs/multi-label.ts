import { AutoModelForSequenceClassification, AutoTokenizer, applyLora, Trainer } from 'torch-lora'
import { type Given, training } from './given.ts'

/** Several labels a text: each example names those that hold. */
export async function main({ base, rows }: Given) {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  using model = await AutoModelForSequenceClassification.fromPretrained(base, {
    labels: ['rude', 'long'],
    problemType: 'multi_label_classification',
    head: 'fresh',
  })
  applyLora(model, { r: 4 })
  const train = rows.map(({ text, label }) => ({
    text,
    label: [...(label === 'bad' ? ['rude'] : []), ...(text.length > 25 ? ['long'] : [])],
  }))
  const { final } = await new Trainer({ model, tokenizer, train, evaluate: train, ...training }).train()
  return { metrics: Object.keys(final?.metrics ?? {}) }
}
