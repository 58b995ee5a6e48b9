import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { AdamW, compile, fused, manualSeed, ops, rngState, setRngState, Tensor } from '../../lib/index.ts'
import { compileTrainingStep } from '../../lib/train/step.ts'
import { fixtures } from '../models/golden.ts'
import { device, missing, onCuda } from './device.ts'
import { adapted, inputs } from './models.ts'

if (missing) console.log(`test/gpu: skipped, ${missing}`)

const numbers = (tensor: Tensor) =>
  tensor.detach().to({ device: 'cpu', dtype: 'float32' }).readSync() as Float32Array

/** Where scripts/gpu/dry-cuda writes launches down: there values mean nothing. */
const trace = process.env.DRY_CUDA_TRACE

describe.skipIf(missing)(`random numbers on ${device}`, () => {
  it("repeat from the state of the device's generator", () => {
    const draw = () => JSON.stringify(ops.dropout(Tensor.ones([4, 64], { device }), 0.5, true).toArray())
    manualSeed(4)
    draw()
    const state = rngState(device)
    const second = draw()
    const third = draw()
    setRngState(state, device)
    expect([draw(), draw()]).toEqual([second, third])
    expect(third).not.toBe(second)
  })

  it('of attention in half precision: others in every replay, and the same from the same seed', async () => {
    const losses = async (graphs: boolean) => {
      const model = await adapted(`${fixtures}models/roberta-single`, device, 'bfloat16')
      using optimizer = new AdamW(model.trainableParameters())
      const step = compileTrainingStep(model, optimizer, {
        maxGradNorm: 1,
        graphs: graphs ? device : undefined,
      })
      manualSeed(3)
      const found: number[] = []
      for (let i = 0; i < 6; i++) {
        const given = inputs(model, [3, 17, 1, 9], device, { padded: true })
        const { loss } = await step.update({ ...given, learningRate: Tensor.scalar(0) })
        found.push(loss.item())
      }
      if (graphs) expect(step.graphReport).toEqual({ captures: 1, replays: 5 })
      step.dispose()
      return found
    }
    const first = await losses(true)
    expect(new Set(first).size).toBeGreaterThan(4) // bfloat16 may give two masks one loss
    for (const [i, loss] of (await losses(true)).entries()) expect(loss).toBeCloseTo(first[i]!, 2)
  })

  it("of libtorch's flash attention: others in every replay, the same from the same seed, and backward's are forward's", async () => {
    const options = { device, dtype: 'bfloat16' } as const
    const cuSeqlens = Tensor.from([0, 200, 330], { dtype: 'int32', device }) // of more than 64 tokens, which are our own
    const shape = [330, 4, 64]
    manualSeed(2)
    const qkv = Tensor.randn([330, 3, 4, 64], options)
    const by = Tensor.randn(shape, options)
    const values = [...numbers(ops.select(qkv, 1, 2))]
    const weights = [...numbers(by)]
    qkv.requiresGrad = true
    const runs = async () => {
      const work = compile(
        (factors: Tensor, longest: Tensor) => {
          const out = fused.varlenAttention(qkv, cuSeqlens, longest, { dropoutP: 0.5 }) // [T, N, D]
          ops.sum(ops.mul(out, factors)).backward()
          const gradient = ops.select(qkv.grad!, 1, 2).clone() // of the values
          qkv.clearGrad()
          return [out.detach(), gradient]
        },
        { graphs: device },
      )
      manualSeed(3)
      const found: string[] = []
      for (let run = 0; run < 5; run++) {
        const [out, gradient] = (await work(by, Tensor.scalar(200, 'int32'))).map(numbers)
        found.push(JSON.stringify([...out!]))
        // The output is linear in the values: with one mask both sums are one number, some 30 from 0.
        const dot = (a: Float32Array, b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)
        if (!trace) expect(Math.abs(dot(out!, weights) - dot(gradient!, values))).toBeLessThan(3)
      }
      expect(work.graphReport).toEqual({ captures: 1, replays: 4 })
      work.dispose()
      return found
    }
    const first = await runs()
    const again = await runs()
    if (trace) return
    expect(new Set(first).size).toBe(5)
    expect(again).toEqual(first)
  })
})

describe.skipIf(missing ?? !onCuda)('a device that is lost', () => {
  it('is named by every error from then on', () => {
    const file = new URL('lose-device.ts', import.meta.url).pathname
    const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', file, device], { encoding: 'utf8' })
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toHaveLength(3)
    for (const line of lines)
      expect(line).toMatchObject({
        code: 'DEVICE_LOST',
        message: expect.stringMatching(/end it and start another/),
      })
  })
})
