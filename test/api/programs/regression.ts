import { AutoModelForSequenceClassification, AutoTokenizer, applyLora, Trainer } from 'torch-lora'
import { type Given, training } from './given.ts'

/** A score a text. */
export async function main({ base, rows }: Given) {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  using model = await AutoModelForSequenceClassification.fromPretrained(base, {
    labels: ['score'],
    problemType: 'regression',
    head: 'fresh',
  })
  applyLora(model, { r: 4 })
  const train = rows.map(({ text, label }) => ({ text, label: label === 'good' ? 1 : 0 }))
  const trainer = new Trainer({ model, tokenizer, train, evaluate: train, metrics: ['pearson'], ...training })
  const { best } = await trainer.train()
  return { pearson: best?.metrics.pearson }
}
