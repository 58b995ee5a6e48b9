import { describe, expect, it } from 'vitest'
import { callOperator } from '../../lib/dispatch.ts'
import * as fused from '../../lib/generated/fused.ts'
import * as ops from '../../lib/generated/ops.ts'
import { manualSeed } from '../../lib/random.ts'
import { Tensor } from '../../lib/tensor.ts'
import { relativeDifference } from '../models/golden.ts'

// Each operator of lora:: against its composition of ATen's operators: values, and the gradient of every input.
// The composition takes the seed that the operator draws, so both drop the same elements.

const float64 = { dtype: 'float64' } as const
const seed = 17

type Inputs = Record<string, Tensor>

function leaves(shapes: Record<string, number[]>): Inputs {
  const inputs: Inputs = {}
  for (const [name, shape] of Object.entries(shapes)) {
    inputs[name] = Tensor.randn(shape, float64)
    inputs[name].requiresGrad = true
  }
  return inputs
}

/** Values and gradients of `operator` and `reference` on the same inputs differ by rounding only. */
function agree(inputs: Inputs, operator: () => Tensor, reference: (drawn: Tensor) => Tensor): void {
  const run = (body: () => Tensor) => {
    manualSeed(seed)
    const y = body()
    // Weights that differ from element to element, so that no part of the gradient cancels.
    const weights = Tensor.from(
      Float64Array.from({ length: y.shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)),
      float64,
    )
    ops.sum(ops.mul(y, ops.reshape(weights, y.shape))).backward()
    const gradients = Object.entries(inputs).map(([name, leaf]) => {
      const gradient = leaf.grad!.clone()
      leaf.clearGrad()
      return [name, gradient] as const
    })
    return { y, gradients }
  }
  const ours = run(operator)
  const theirs = run(() => reference(callOperator('lora::draw_seed') as Tensor))
  expect(ours.y.shape).toEqual(theirs.y.shape)
  expect(relativeDifference(ours.y, theirs.y)).toBeLessThan(1e-12)
  for (const [i, [name, gradient]] of ours.gradients.entries()) {
    expect(relativeDifference(gradient, theirs.gradients[i]![1]), name).toBeLessThan(1e-10)
  }
}

/** Query and value with an adapter each, of ranks 4 and 2, around a key without. */
const threeLinears = () => {
  const inputs = leaves({
    x: [37, 24],
    wq: [16, 24],
    wk: [16, 24],
    wv: [12, 24],
    bq: [16],
    bk: [16],
    bv: [12],
    aq: [4, 24],
    lbq: [16, 4],
    av: [2, 24],
    lbv: [12, 2],
  })
  const { x, wq, wk, wv, bq, bk, bv, aq, lbq, av, lbv } = inputs as Record<string, Tensor> & Inputs
  const parts = [
    x!,
    [wq!, wk!, wv!],
    [bq!, bk!, bv!],
    [aq!, null, av!],
    [lbq!, null, lbv!],
    [2, 0, 0.5],
  ] as const
  return { inputs, parts }
}

describe.each([0, 0.3])('with dropout %d', (dropoutP) => {
  it('lora::linear, one weight and one adapter', () => {
    const inputs = leaves({ x: [19, 24], w: [16, 24], b: [16], A: [4, 24], B: [16, 4] })
    const { x, w, b, A, B } = inputs as { [name in 'x' | 'w' | 'b' | 'A' | 'B']: Tensor }
    agree(
      inputs,
      () => fused.linear(x, [w], [b], [A], [B], [2], { dropoutP }),
      (drawn) =>
        callOperator('lora::linear_reference', x, [w], [b], [A], [B], [2], dropoutP, drawn) as Tensor,
    )
  })

  it('lora::linear, query, key and value as one', () => {
    const { inputs, parts } = threeLinears()
    agree(
      inputs,
      () => fused.linear(...parts, { dropoutP }),
      (drawn) => callOperator('lora::linear_reference', ...parts, dropoutP, drawn) as Tensor,
    )
  })

  it('lora::linear_gelu', () => {
    const { inputs, parts } = threeLinears()
    agree(
      inputs,
      () => fused.linearGelu(...parts, { dropoutP }),
      (drawn) => callOperator('lora::linear_gelu_reference', ...parts, dropoutP, drawn) as Tensor,
    )
  })

  it('lora::varlen_attention, sequences of many lengths, an empty one among them', () => {
    const ends = [0, 1, 71, 71, 78, 111]
    const cuSeqlens = Tensor.from(ends, { dtype: 'int32' })
    const longest = Tensor.scalar(70, 'int32')
    const inputs = leaves({ qkv: [ends.at(-1)!, 3, 2, 8] })
    agree(
      inputs,
      () => fused.varlenAttention(inputs.qkv!, cuSeqlens, longest, { dropoutP }),
      (drawn) =>
        callOperator(
          'lora::varlen_attention_reference',
          inputs.qkv,
          cuSeqlens,
          longest,
          dropoutP,
          undefined,
          drawn,
        ) as Tensor,
    )
  })

  it('lora::varlen_attention in a window, longer than a tile of keys', () => {
    const ends = [0, 1, 301, 320]
    const cuSeqlens = Tensor.from(ends, { dtype: 'int32' })
    const longest = Tensor.scalar(300, 'int32')
    const inputs = leaves({ qkv: [ends.at(-1)!, 3, 2, 8] })
    const window = { windowLeft: 9, windowRight: 20 }
    agree(
      inputs,
      () => fused.varlenAttention(inputs.qkv!, cuSeqlens, longest, { dropoutP, ...window }),
      (drawn) =>
        callOperator(
          'lora::varlen_attention_reference',
          ...[inputs.qkv, cuSeqlens, longest, dropoutP, undefined, drawn, 9, 20],
        ) as Tensor,
    )
  })

  it.each(['whole', 'reachable'])('lora::disentangled_attention with %s position tables', (kind) => {
    const ends = [0, 1, 24, 24, 31]
    const cuSeqlens = Tensor.from(ends, { dtype: 'int32' })
    const longest = Tensor.scalar(23, 'int32')
    const inputs = leaves({ qkv: [ends.at(-1)!, 3, 2, 8], key: [64, 2, 8], query: [64, 2, 8] })
    const table = (whole: Tensor) =>
      kind === 'whole' ? whole : fused.reachablePositions(whole, longest, 32, 128) // 45 of 64 rows, [P, N, D]
    const parts = () =>
      [inputs.qkv!, table(inputs.key!), table(inputs.query!), cuSeqlens, longest, 32, 128] as const
    agree(
      inputs,
      () => fused.disentangledAttention(...parts(), { dropoutP, scale: 0.3 }),
      (drawn) =>
        callOperator('lora::disentangled_attention_reference', ...parts(), dropoutP, 0.3, drawn) as Tensor,
    )
  })

  it('lora::dropout_add_layer_norm', () => {
    const inputs = leaves({ x: [21, 40], residual: [21, 40], weight: [40], bias: [40] })
    const { x, residual, weight, bias } = inputs as {
      [name in 'x' | 'residual' | 'weight' | 'bias']: Tensor
    }
    agree(
      inputs,
      () => fused.dropoutAddLayerNorm(x, residual, weight, bias, dropoutP, 1e-5),
      (drawn) =>
        callOperator(
          'lora::dropout_add_layer_norm_reference',
          x,
          residual,
          weight,
          bias,
          dropoutP,
          1e-5,
          drawn,
        ) as Tensor,
    )
  })

  it('lora::dropout', () => {
    const inputs = leaves({ x: [11, 13] })
    agree(
      inputs,
      () => fused.dropout(inputs.x!, dropoutP),
      (drawn) => callOperator('lora::dropout_reference', inputs.x, dropoutP, drawn) as Tensor,
    )
  })
})

it('lora::first_token_attention is the first row of attention of every token', () => {
  const starts = [0, 1, 71, 78]
  const cuSeqlens = Tensor.from([...starts, 111], { dtype: 'int32' })
  const longest = Tensor.scalar(70, 'int32')
  const x = Tensor.randn([111, 24], float64)
  const [query, key, value] = [0, 1, 2].map(() => Tensor.randn([16, 24], float64)) as [Tensor, Tensor, Tensor]
  const [queryBias, keyBias, valueBias] = [0, 1, 2].map(() => Tensor.randn([16], float64)) as [
    Tensor,
    Tensor,
    Tensor,
  ]
  const rows = Tensor.from(starts, { dtype: 'int32' })
  const asked = ops.linear(ops.indexSelect(x, 0, rows), query, { bias: queryBias })
  const first = fused.firstTokenAttention(
    x,
    ops.view(asked, [-1, 2, 8]),
    key,
    value,
    valueBias,
    cuSeqlens,
    longest,
  )
  const qkv = fused.linear(x, [query, key, value], [queryBias, keyBias, valueBias], [], [], [])
  const every = fused.varlenAttention(ops.view(qkv, [-1, 3, 2, 8]), cuSeqlens, longest)
  const expected = ops.indexSelect(ops.view(every, [-1, 16]), 0, rows)
  expect(first.shape).toEqual([4, 16])
  expect(relativeDifference(first, expected)).toBeLessThan(1e-12)
})

it('lora::linear gives frozen weights no gradient', () => {
  const inputs = leaves({ x: [5, 24], w: [16, 24], A: [4, 24], B: [16, 4] })
  const { x, w, A, B } = inputs as { [name in 'x' | 'w' | 'A' | 'B']: Tensor }
  w.requiresGrad = false
  ops.sum(fused.linear(x, [w], [], [A], [B], [1])).backward()
  expect(w.grad).toBeNull()
  expect([x.grad, A.grad, B.grad].every((grad) => grad !== null)).toBe(true)
})

it('lora::rotary turns queries and keys by the angle of their token', () => {
  const inputs = leaves({ qkv: [11, 3, 2, 6] })
  const angles = Tensor.randn([11, 3], float64)
  const [cos, sin] = [ops.cos(angles), ops.sin(angles)]
  const wide = (table: Tensor) => ops.view(ops.cat([table, table], { dim: -1 }), [11, 1, 1, 6])
  agree(
    inputs,
    () => fused.rotary(inputs.qkv!, cos, sin),
    () => {
      const turning = ops.narrow(inputs.qkv!, 1, 0, 2)
      const [first, second] = ops.chunk(turning, 2, -1) as [Tensor, Tensor]
      const half = ops.cat([ops.neg(second), first], { dim: -1 })
      const turned = ops.add(ops.mul(turning, wide(cos)), ops.mul(half, wide(sin)))
      return ops.cat([turned, ops.narrow(inputs.qkv!, 1, 2, 1)], { dim: 1 })
    },
  )
})

it('lora::geglu', () => {
  const inputs = leaves({ x: [21, 34] })
  agree(
    inputs,
    () => fused.geglu(inputs.x!),
    () => {
      const [value, gate] = ops.chunk(inputs.x!, 2, -1) as [Tensor, Tensor]
      return ops.mul(ops.gelu(value), gate)
    },
  )
})
