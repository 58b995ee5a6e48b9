import { expect, it } from 'vitest'
import { applyLora } from '../../lib/adapters/apply.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { AutoTokenizer } from '../../lib/tokenizer/index.ts'
import { Trainer } from '../../lib/train/trainer.ts'
import { tinyExamples, tinyModel } from './tiny.ts'

const roberta = new URL('../tokenizer/fixtures/roberta', import.meta.url).pathname

it("a Trainer refuses a tokenizer that has not the model's vocabulary", async () => {
  const folder = await tinyModel()
  using model = applyLora(await AutoModelForSequenceClassification.fromPretrained(folder, { device: 'cpu' }))
  await using own = await AutoTokenizer.fromPretrained(folder)
  await using other = await AutoTokenizer.fromPretrained(roberta)
  expect(other.vocabSize).not.toBe(own.vocabSize)
  const train = tinyExamples(4)
  expect(new Trainer({ model, tokenizer: own, train }).trainableParameters).toBeGreaterThan(0)
  expect(() => new Trainer({ model, tokenizer: other, train })).toThrow(
    expect.objectContaining({
      code: 'INCOMPATIBLE',
      message: expect.stringContaining(`${other.vocabSize} tokens`),
    }),
  )
})
