import { describe, expect, it } from 'vitest'
import {
  AutoTokenizer,
  memory,
  resetPeakMemory,
  setFloat32MatmulPrecision,
  Tensor,
  TextClassifier,
} from '../../lib/index.ts'
import { tinyClassifier } from '../inference/models.ts'
import { device, missing, onCuda } from './device.ts'
import { adapted } from './models.ts'

const texts = ['one', 'a longer text of several words', ['a pair', 'of texts'] as const, 'x '.repeat(40)]

if (missing) console.log(`test/gpu: skipped, ${missing}`)

describe.skipIf(missing)(`TextClassifier on ${device}`, () => {
  it.each([
    ['float32', 1e-4],
    ['bfloat16', 5e-2],
    ['float16', 5e-3],
  ] as const)('in %s gives the logits of the CPU in float32', async (dtype, tolerance) => {
    const folder = await tinyClassifier()
    await using here = await TextClassifier.load(folder, { device, dtype })
    await using there = await TextClassifier.load(folder, { device: 'cpu' })
    const [ours, right] = [await here.classify(texts), await there.classify(texts)]
    for (const [i, { logits }] of ours.entries())
      for (const [j, logit] of logits.entries())
        expect(Math.abs(logit - right[i]!.logits[j]!)).toBeLessThan(
          tolerance * Math.max(1, ...right[i]!.logits.map(Math.abs)),
        )
  })
})

describe.skipIf(missing)(`a model with an adapter on ${device}`, () => {
  it.each([
    ['float32', 1e-4],
    ['float16', 5e-3],
  ] as const)('is served in %s, merged, as on the CPU', async (dtype, tolerance) => {
    const folder = await tinyClassifier()
    await using tokenizer = await AutoTokenizer.fromPretrained(folder)
    const logits = async (where: string, type: typeof dtype) => {
      const model = await adapted(folder, where, type)
      await using classifier = await TextClassifier.from(model, tokenizer)
      return (await classifier.classify(texts)).flatMap((answer) => answer.logits)
    }
    const [ours, right] = [await logits(device, dtype), await logits('cpu', 'float32')]
    for (const [i, logit] of ours.entries())
      if (!process.env.DRY_CUDA_TRACE)
        expect(Math.abs(logit - right[i]!)).toBeLessThan(tolerance * Math.max(1, ...right.map(Math.abs)))
  })
})

describe.skipIf(missing ?? !onCuda)('memory on CUDA', () => {
  const of = () => memory().cuda.find((entry) => entry.device === device)!

  it('counts live, peak and free bytes', () => {
    using warm = Tensor.zeros([1], { device })
    resetPeakMemory()
    const before = of()
    {
      using block = Tensor.zeros([1 << 22], { device })
      expect(of().liveBytes - before.liveBytes).toBe(4 << 22)
      expect(block.device).toBe(warm.device)
    }
    expect(of().liveBytes).toBe(before.liveBytes)
    expect(of().peakBytes - before.liveBytes).toBe(4 << 22)
    expect(of().freeBytes).toBeLessThan(of().totalBytes)
  })

  it('refuses more than there is, saying what was asked and what is free, and goes on', () => {
    const count = Math.ceil(of().totalBytes / 4)
    expect(() => Tensor.zeros([count], { device })).toThrow(
      expect.objectContaining({
        code: 'OUT_OF_MEMORY',
        message: expect.stringMatching(/[\d.]+ [GM]iB were asked for.*[\d.]+ [GM]iB .*free/),
      }),
    )
    using small = Tensor.ones([4], { device })
    expect(small.toArray()).toEqual([1, 1, 1, 1])
  })

  it('copies to the device and back', () => {
    setFloat32MatmulPrecision('highest')
    const numbers = Float32Array.from({ length: 1000 }, (_, i) => i / 7)
    using there = Tensor.from(numbers, { device })
    expect(there.device).toBe(device)
    expect(there.readSync()).toEqual(numbers)
  })
})
