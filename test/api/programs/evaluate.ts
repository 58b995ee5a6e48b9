import { AutoModelForSequenceClassification, AutoTokenizer, evaluate } from 'torch-lora'
import type { Given } from './given.ts'

/** Measures a model. */
export async function main({ base, rows }: Given) {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  using model = await AutoModelForSequenceClassification.fromPretrained(base)
  const { accuracy, loss } = await evaluate({ model, tokenizer, examples: rows, metrics: ['accuracy'] })
  return { accuracy, loss }
}
