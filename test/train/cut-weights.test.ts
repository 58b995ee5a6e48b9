import { cp, mkdtemp, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { applyLora } from '../../lib/adapters/apply.ts'
import { TorchLoraError } from '../../lib/errors.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { AutoTokenizer, type Tokenizer } from '../../lib/tokenizer/index.ts'
import { Trainer } from '../../lib/train/trainer.ts'
import { tinyExamples, tinyModel } from './tiny.ts'

// Weights lie on the pages of their file until a step writes to them. A read behind the file's new end would be SIGBUS,
// which would take the process of these tests along.

let whole: string
let tokenizer: Tokenizer

beforeAll(async () => {
  whole = await tinyModel()
  tokenizer = await AutoTokenizer.fromPretrained(whole)
})
afterAll(() => tokenizer.close())

it.each(['LoRA', 'every parameter'])(
  'a model file cut short ends a run that trains %s, by name',
  async (what) => {
    const folder = await mkdtemp(join(tmpdir(), 'cut-'))
    await cp(whole, folder, { recursive: true })
    const file = join(folder, 'model.safetensors')
    const model = await AutoModelForSequenceClassification.fromPretrained(folder)
    if (what === 'LoRA') applyLora(model, { r: 4 })
    else model.setRequiresGrad(true)
    const trainer = new Trainer({
      model,
      tokenizer,
      train: tinyExamples(96),
      epochs: 2,
      batchSize: 8,
      seed: 3,
    })
    let steps = 0
    const error = await (async () => {
      for await (const event of trainer.run())
        if (event.type === 'step' && ++steps === 3) await truncate(file, 0)
    })().catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(TorchLoraError)
    expect((error as TorchLoraError).code).toBe('INVALID_FILE')
    expect((error as TorchLoraError).message).toMatch(/was (cut|written to)/)
    expect(steps).toBeLessThan(24)
    model.dispose()
  },
)
