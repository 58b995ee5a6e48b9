import { AutoModelForSequenceClassification, AutoTokenizer, applyLora, Trainer } from 'torch-lora'
import { type Given, training } from './given.ts'

/** A signal ends a run; the summary says so, and nothing is thrown. */
export async function main({ base, rows }: Given, signal: AbortSignal | undefined = AbortSignal.abort()) {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  using model = await AutoModelForSequenceClassification.fromPretrained(base)
  applyLora(model, { r: 4 })
  const { interrupted, steps } = await new Trainer({ model, tokenizer, train: rows, ...training }).train({
    signal,
  })
  return { interrupted, steps }
}
