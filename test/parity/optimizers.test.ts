import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as ops from '../../lib/generated/ops.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import { Muon } from '../../lib/optim/muon.ts'
import { compile } from '../../lib/program.ts'
import { manualSeed } from '../../lib/random.ts'
import { Tensor } from '../../lib/tensor.ts'

const python = process.env.TORCH_LORA_PYTHON
const script = resolve(import.meta.dirname, '../../scripts/parity/optimizers.py')

describe.skipIf(!python)('Muon beside torch.optim.Muon (skipped without TORCH_LORA_PYTHON)', () => {
  it.each([
    [[8, 24], 0],
    [[24, 8], 0.1],
    [[16, 16], 0.01],
  ])('%j, weight decay %f', async (shape, weightDecay) => {
    manualSeed(5)
    const count = shape[0]! * shape[1]!
    const weight = Tensor.randn(shape)
    const gradients = Array.from({ length: 6 }, () => Tensor.randn(shape))
    const numbers = (tensor: Tensor) => Array.from(tensor.readSync(), Number)
    const expected = JSON.parse(
      execFileSync(python!, [script], {
        input: JSON.stringify({
          shape,
          settings: { lr: 0.02, weight_decay: weightDecay, momentum: 0.95 },
          weights: numbers(weight),
          gradients: gradients.map(numbers),
        }),
        encoding: 'utf8',
      }),
    ) as number[]
    const before = numbers(weight)
    weight.requiresGrad = true
    using optimizer = new Muon([['layer.weight', weight]], { weightDecay })
    using step = compile((gradient: Tensor, rate: Tensor) => {
      ops.sum(ops.mul(weight, gradient)).backward()
      optimizer.step(rate)
      optimizer.zeroGrad()
      return noGrad(() => ops.sum(weight))
    })
    for (const gradient of gradients) (await step(gradient, Tensor.scalar(0.02))).dispose()
    expect(optimizer.stateBytes).toBe(4 * count)
    const apart = Math.hypot(...numbers(weight).map((value, i) => value - expected[i]!))
    const moved = Math.hypot(...expected.map((value, i) => value - before[i]!))
    expect(moved).toBeGreaterThan(0.1)
    expect(apart / moved).toBeLessThan(1e-2) // the iteration is in bfloat16
  })
})
