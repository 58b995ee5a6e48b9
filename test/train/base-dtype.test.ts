import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { dequantizeNf4, quantizeNf4 } from '../../lib/adapters/nf4.ts'
import {
  AutoModelForSequenceClassification,
  applyLora,
  batchTensors,
  type Model,
  manualSeed,
  noGrad,
  ops,
  packBatch,
  saveAdapter,
  Tensor,
  TextClassifier,
  Trainer,
  type TrainerOptions,
} from '../../lib/index.ts'
import { frozenCodes } from '../../lib/nn/frozen-codes.ts'
import { scope } from '../../lib/scope.ts'
import { AutoTokenizer, type Tokenizer } from '../../lib/tokenizer/index.ts'
import { quantizeBase } from '../../lib/train/quantize-base.ts'
import { tinyExamples, tinyModel } from './tiny.ts'

let folder: string
let tokenizer: Tokenizer
beforeAll(async () => {
  folder = await tinyModel()
  tokenizer = await AutoTokenizer.fromPretrained(folder)
})
afterAll(async () => {
  await tokenizer.close()
  await rm(folder, { recursive: true })
})

async function loraModel(options: { dtype?: 'bfloat16' } = {}): Promise<Model> {
  const model = await AutoModelForSequenceClassification.fromPretrained(folder, { device: 'cpu', ...options })
  manualSeed(5)
  return applyLora(model, { r: 4, loraAlpha: 8, targetModules: 'all-linear' })
}

const settings = (model: Model, options: Partial<TrainerOptions> = {}): TrainerOptions => ({
  model,
  tokenizer,
  train: tinyExamples(96),
  epochs: 4,
  batchSize: 8,
  learningRate: 1e-2,
  seed: 3,
  ...options,
})

it('learns over 8-bit codes what it learns over the weights, and serves what it trained', async () => {
  const losses: number[][] = []
  const texts = tinyExamples(20, 300).map(({ text }) => text)
  for (const baseDtype of [undefined, 'int8'] as const) {
    const model = await loraModel()
    const own: number[] = []
    for await (const event of new Trainer(settings(model, { baseDtype })).run())
      if (event.type === 'step') own.push(event.loss)
    losses.push(own)
    if (!baseDtype) continue
    const frozen = [...model.namedParameters()].filter(([path]) => model.roleOf(path) === 'body')
    expect(frozen.every(([, { requiresGrad }]) => !requiresGrad)).toBe(true)
    const [, dense] = frozen.find(([path]) => path.endsWith('intermediate.dense.weight'))!
    expect(frozenCodes([dense])).not.toBeNull()

    // The very codes that dtype 'int8' serves: logits of the trained model are those of the served one.
    const directory = await mkdtemp(join(tmpdir(), 'codes-'))
    await saveAdapter(model, directory)
    const encodings = await tokenizer.encodeBatch(texts, { maxLength: 64 })
    model.eval()
    const trained = encodings.map((encoding) => {
      const batch = batchTensors(packBatch([encoding], { positions: model.positions }))
      using logits = scope(() => noGrad(() => model.forward(batch)))
      return Array.from(logits.readSync(), Number)
    })
    await using served = await TextClassifier.load(folder, { dtype: 'int8', adapters: { own: directory } })
    const answers = await served.classify(texts, { adapter: 'own' })
    const apart = answers.map(({ logits }, i) =>
      Math.max(...logits.map((value, j) => Math.abs(value - trained[i]![j]!))),
    )
    expect(apart.filter((difference) => difference < 1e-4).length).toBeGreaterThan(texts.length / 2)
    expect(Math.max(...apart)).toBeLessThan(5e-2) // a value in the middle between two codes falls to either
    await rm(directory, { recursive: true })
  }
  const [exact, codes] = losses as [number[], number[]]
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  expect(mean(codes.slice(-8))).toBeLessThan(0.5 * mean(codes.slice(0, 8)))
  expect(Math.abs(mean(codes.slice(0, 4)) - mean(exact.slice(0, 4)))).toBeLessThan(0.1)
})

it('trains over four bits what it would over the numbers that they stand for, to the bit', async () => {
  const losses: number[][] = []
  const adapters: Float32Array[][] = []
  for (const baseDtype of [undefined, 'nf4'] as const) {
    const model = await loraModel()
    const body = [...model.namedParameters()].filter(
      ([path]) => model.roleOf(path) === 'body' && /(query|key|value|dense)\.weight$/.test(path),
    )
    // Without codes: the weights replaced by what bitsandbytes' quantization makes of them.
    if (!baseDtype)
      for (const [, weight] of body) {
        const values = dequantizeNf4(quantizeNf4(weight.readSync() as Float32Array))
        noGrad(() => scope(() => ops.copy_(weight, Tensor.from(values, { shape: weight.shape }))))
      }
    const own: number[] = []
    for await (const event of new Trainer(settings(model, { baseDtype, epochs: 1 })).run())
      if (event.type === 'step') own.push(event.loss)
    losses.push(own)
    adapters.push(Array.from(model.trainableParameters(), ([, tensor]) => tensor.readSync() as Float32Array))
    const [, dense] = body.find(([path]) => path.endsWith('intermediate.dense.weight'))!
    expect(frozenCodes([dense])?.packed.dtype).toBe(baseDtype && 'uint8')
  }
  const [plain, nf4] = losses as [number[], number[]]
  expect(nf4.length).toBeGreaterThan(8)
  expect(nf4).toEqual(plain)
  expect(adapters[1]).toEqual(adapters[0])
})

it('takes a model from one kind of codes to the other', async () => {
  const model = await loraModel()
  const [, dense] = [...model.namedParameters()].find(([path]) => path.endsWith('intermediate.dense.weight'))!
  for (const [baseDtype, dtype] of [
    ['int8', 'int8'],
    ['nf4', 'uint8'],
    ['int8', 'int8'],
  ] as const) {
    await quantizeBase(model, baseDtype)
    expect(frozenCodes([dense])?.packed.dtype).toBe(dtype)
  }
})

it('refuses what has no codes, saying what can be done', async () => {
  const run = async (model: Model) => {
    for await (const _ of new Trainer(settings(model, { baseDtype: 'int8' })).run());
  }
  await expect(run(await loraModel({ dtype: 'bfloat16' }))).rejects.toThrow(
    /float32 models on the CPU; this one is bfloat16 on cpu.*dtype: 'bfloat16'/,
  )
  // Before anything is encoded.
  const half = await loraModel({ dtype: 'bfloat16' })
  expect(() => new Trainer(settings(half, { baseDtype: 'nf4' }))).toThrow(/this one is bfloat16 on cpu/)
  const full = await AutoModelForSequenceClassification.fromPretrained(folder, { device: 'cpu' })
  full.setRequiresGrad(true)
  await expect(run(full)).rejects.toThrow(/every weight of this model trains: apply an adapter first/)
  const wrong = { baseDtype: 'int4' } as unknown as Partial<TrainerOptions>
  expect(() => new Trainer(settings(full, wrong))).toThrow(/baseDtype.*int8.*int4/)
})
