import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  saveAdapter,
  Trainer,
} from 'torch-lora'
import { type Given, training } from './given.ts'

/** Trains an adapter on rows of one's own, and keeps it. */
export async function main({ base, rows, out }: Given) {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  using model = await AutoModelForSequenceClassification.fromPretrained(base, { labels: ['bad', 'good'] })
  applyLora(model, { r: 4, loraAlpha: 8 })
  const [train, evaluate] = [rows.slice(16), rows.slice(0, 16)]
  const trainer = new Trainer({ model, tokenizer, train, evaluate, metrics: ['accuracy', 'f1'], ...training })
  const seen: number[] = []
  const { best, interrupted } = await trainer.train({
    onEvent: (event) => {
      if (event.type === 'evaluation') seen.push(event.metrics.f1)
    },
  })
  await saveAdapter(model, out)
  return { seen: seen.length, accuracy: best?.metrics.accuracy, interrupted }
}
