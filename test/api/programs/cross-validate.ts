import { AutoModelForSequenceClassification, AutoTokenizer, applyLora, memory, Trainer } from 'torch-lora'
import { type Given, training } from './given.ts'

/** Four folds, one model each; nothing stays behind. */
export async function main({ base, rows }: Given) {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  const folds = 4
  const accuracies: number[] = []
  const alive: number[] = []
  for (let fold = 0; fold < folds; fold++) {
    using model = await AutoModelForSequenceClassification.fromPretrained(base)
    applyLora(model, { r: 4 })
    const { final } = await new Trainer({
      model,
      tokenizer,
      train: rows.filter((_, i) => i % folds !== fold),
      evaluate: rows.filter((_, i) => i % folds === fold),
      metrics: ['accuracy'],
      ...training,
    }).train()
    if (final) accuracies.push(final.metrics.accuracy)
    alive.push(memory().tensors)
  }
  return { accuracies, alive }
}
