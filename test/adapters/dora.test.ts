import { expect, it } from 'vitest'
import { LoraConfig } from '../../lib/adapters/config.ts'
import { type DoraLinear, dora } from '../../lib/adapters/dora.ts'
import * as fused from '../../lib/generated/fused.ts'
import * as ops from '../../lib/generated/ops.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import { Linear } from '../../lib/nn/linear.ts'
import { manualSeed } from '../../lib/random.ts'
import { Tensor } from '../../lib/tensor.ts'
import { maxDifference } from '../models/golden.ts'

// Values, gradients, merging and files are compared with peft in test/parity; this is what a drawn mask is in the way of.

const p = 0.4

function adapted(): DoraLinear {
  manualSeed(3)
  const base = new Linear(12, 7, { std: 0.5, dtype: 'float64' })
  const config = new LoraConfig({ r: 2, loraAlpha: 6, loraDropout: p, initLoraWeights: false, useDora: true })
  const layer = dora.wrap(base, { path: 'layer', config, shared: new Map() })
  noGrad(() => ops.mul_(layer.magnitude, Tensor.from([1, 2, 0.5, 1, 3, 1, 0.1], { dtype: 'float64' })))
  return layer
}

it('under dropout it scales what was dropped alone, as peft does', () => {
  const layer = adapted()
  layer.train()
  const x = Tensor.randn([9, 12], { dtype: 'float64' })
  manualSeed(11)
  const y = noGrad(() => layer.forward(x))
  // tuners/lora/dora.py: result = base(x); x = dropout(x); result += (m/n - 1) (x W^T) + m/n s (x A^T) B^T
  manualSeed(11)
  const expected = noGrad(() => {
    const dropped = fused.dropout(x, p)
    const { A, B, scaling } = layer.update
    const w = ops.add(layer.weight, ops.mul(ops.matmul(B, A), scaling))
    const ratio = ops.div(layer.magnitude, ops.linalgVectorNorm(w, { dim: [1] }))
    const base = ops.add(ops.matmul(x, layer.weight.t()), layer.bias!)
    const inner = ops.mul(ops.add(ratio, -1), ops.matmul(dropped, layer.weight.t()))
    const low = ops.mul(ops.matmul(ops.matmul(dropped, A.t()), B.t()), scaling)
    return ops.add(base, ops.add(inner, ops.mul(ratio, low)))
  })
  expect(maxDifference(y, expected)).toBeLessThan(1e-12)
  expect(
    maxDifference(
      noGrad(() => layer.eval().forward(x)),
      expected,
    ),
  ).toBeGreaterThan(0.1)
})

it('a fresh one gives what the base gives', () => {
  manualSeed(4)
  const base = new Linear(12, 7, { std: 0.5 })
  const x = Tensor.randn([5, 12])
  const before = noGrad(() => base.forward(x))
  const layer = dora.wrap(base, {
    path: 'layer',
    config: new LoraConfig({ r: 2, useDora: true }),
    shared: new Map(),
  })
  expect(
    maxDifference(
      noGrad(() => layer.forward(x)),
      before,
    ),
  ).toBeLessThan(1e-6)
})
