import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adapterTensors } from '../../lib/adapters/adapter.ts'
import { AdamW, manualSeed, Tensor } from '../../lib/index.ts'
import type { DType } from '../../lib/tensor.ts'
import { compileTrainingStep } from '../../lib/train/step.ts'
import { fixtures, relativeDifference } from '../models/golden.ts'
import { device, missing, onCuda } from './device.ts'
import { adapted, inputs, withoutDropout } from './models.ts'

/** Mixed lengths, of one token, of a few and of the most that the small models take. */
const lengths = [[3, 17, 1, 9], [12], [5, 5, 24, 2, 7]]
const allowed: Partial<Record<DType, number>> = {
  float64: 1e-9,
  float32: 2e-4,
  bfloat16: 6e-2,
  float16: 1e-2,
}
const dtypes = Object.keys(allowed) as DType[]
const models = ['bert-single', 'roberta-single', 'deberta-v3', 'deberta-v2']

/** A few steps without dropout: losses, gradient norms, and the adapter afterwards. */
async function train(name: string, where: string, dtype: DType) {
  const model = await adapted(await withoutDropout(name), where, dtype)
  using optimizer = new AdamW(model.trainableParameters())
  const step = compileTrainingStep(model, optimizer, { maxGradNorm: 1 })
  const numbers: number[] = []
  for (const sizes of [...lengths, ...lengths]) {
    const { loss, gradNorm } = await step.update({
      ...inputs(model, sizes, where),
      learningRate: Tensor.scalar(1e-3),
    })
    numbers.push(loss.item(), gradNorm.item())
  }
  step.dispose()
  return { numbers, adapter: [...adapterTensors(model)] }
}

if (missing) console.log(`test/gpu: skipped, ${missing}`)

describe.skipIf(missing)(`a LoRA step on ${device}`, () => {
  const truth = new Map<string, Awaited<ReturnType<typeof train>>>()
  beforeAll(async () => {
    for (const name of models) truth.set(name, await train(name, 'cpu', 'float64'))
  })
  afterAll(() => truth.clear())

  it.each(models.flatMap((name) => dtypes.map((dtype) => [name, dtype] as const)))(
    '%s in %s follows float64 on the CPU',
    async (name, dtype) => {
      const ours = await train(name, device, dtype)
      const right = truth.get(name)!
      for (const [i, value] of ours.numbers.entries())
        expect(Math.abs(value - right.numbers[i]!), `loss or norm ${i}`).toBeLessThan(
          allowed[dtype]! * Math.max(1, Math.abs(right.numbers[i]!)) * 3,
        )
      for (const [i, [path, tensor]] of ours.adapter.entries())
        expect(relativeDifference(tensor, right.adapter[i]![1]), path).toBeLessThan(allowed[dtype]! * 3)
    },
  )

  it('gives the same losses when it is repeated, dropout on', async () => {
    const losses = async () => {
      const model = await adapted(`${fixtures}models/roberta-single`, device, 'float32')
      using optimizer = new AdamW(model.trainableParameters())
      const step = compileTrainingStep(model, optimizer, { maxGradNorm: 1 })
      manualSeed(3)
      const found: number[] = []
      for (const sizes of lengths) {
        const { loss } = await step.update({
          ...inputs(model, sizes, device),
          learningRate: Tensor.scalar(1e-3),
        })
        found.push(loss.item())
      }
      step.dispose()
      return found
    }
    const first = await losses()
    for (const [i, loss] of (await losses()).entries()) expect(loss).toBeCloseTo(first[i]!, 4)
  })

  it.skipIf(!onCuda)('is on the device: parameters, adapter, moments and step count', async () => {
    const model = await adapted(`${fixtures}models/bert-single`, device, 'bfloat16')
    using optimizer = new AdamW(model.trainableParameters())
    for (const [path, tensor] of [...model.namedParameters(), ...optimizer.state()])
      expect(tensor.device, path).toBe(device)
  })
})
