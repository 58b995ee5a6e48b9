import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { AdamW, manualSeed, ops, rngState, setRngState, Tensor } from '../../lib/index.ts'
import { compileTrainingStep } from '../../lib/train/step.ts'
import { fixtures } from '../models/golden.ts'
import { device, missing, onCuda } from './device.ts'
import { adapted, inputs } from './models.ts'

if (missing) console.log(`test/gpu: skipped, ${missing}`)

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
