import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  type LossFunction,
  ops,
  Tensor,
  Trainer,
} from 'torch-lora'
import { type Given, training } from './given.ts'

/** A loss in which one class counts for more. */
export async function main({ base, rows }: Given) {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  using model = await AutoModelForSequenceClassification.fromPretrained(base)
  applyLora(model, { r: 4 })
  using weight = Tensor.from([1, 3])
  const loss: LossFunction = (logits, { labels }) => ops.crossEntropyLoss(logits, labels!, { weight })
  const { steps } = await new Trainer({ model, tokenizer, train: rows, loss, ...training }).train()
  return { steps }
}
