import {
  AutoModelForSequenceClassification,
  applyLora,
  loadAdapter,
  mergeLora,
  saveAdapter,
} from 'torch-lora'
import type { Given } from './given.ts'

/** Merges an adapter, puts a second one on the result, and writes an ordinary model. */
export async function main({ base, out }: Given) {
  using model = await AutoModelForSequenceClassification.fromPretrained(base)
  applyLora(model, { r: 2 })
  await saveAdapter(model, `${out}/adapter`)
  mergeLora(model)
  await loadAdapter(model, `${out}/adapter`)
  await mergeLora(model).savePretrained(`${out}/merged`)
  using again = await AutoModelForSequenceClassification.fromPretrained(`${out}/merged`)
  return { labels: again.task.labels }
}
