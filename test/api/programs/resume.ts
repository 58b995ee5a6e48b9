import { AutoModelForSequenceClassification, AutoTokenizer, applyLora, Trainer } from 'torch-lora'
import { type Given, training } from './given.ts'

/** Leaves a run early, and goes on with it. */
export async function main({ base, rows, out }: Given) {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  const make = async (resume: boolean) => {
    const model = applyLora(await AutoModelForSequenceClassification.fromPretrained(base), { r: 4 })
    return new Trainer({ model, tokenizer, train: rows, outputDir: out, resume, ...training })
  }
  for await (const event of (await make(false)).run()) if (event.type === 'step' && event.step === 3) break
  let resumedAt = 0
  const { steps } = await (await make(true)).train({
    onEvent: (event) => {
      if (event.type === 'start') resumedAt = event.resumedAt
    },
  })
  return { resumedAt, steps }
}
