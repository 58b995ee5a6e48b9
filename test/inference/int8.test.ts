import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { LoraLinear } from '../../lib/adapters/lora.ts'
import { callOperator } from '../../lib/dispatch.ts'
import * as ops from '../../lib/generated/ops.ts'
import {
  AutoModelForSequenceClassification,
  type Model,
  memory,
  type Tensor,
  TextClassifier,
  type TextClassifierOptions,
} from '../../lib/index.ts'
import { freezeModel } from '../../lib/inference/frozen-model.ts'
import { Predictor } from '../../lib/inference/predictor.ts'
import { LinearLike } from '../../lib/nn/linear.ts'
import { fixtures } from '../models/golden.ts'
import { plainLogits, tinyAdapter, tinyClassifier } from './models.ts'

const texts = ['the film was great.', '', 'her song was dull, they say', 'this book was fine', 'a play']
const labels = ['bad', 'fair', 'good']

const round = (x: Tensor) => callOperator('aten::round', x) as Tensor
const largest = (x: Tensor) => ops.amax(x, { dim: [1], keepdim: true }) // [rows, 1]

/** x as 256 levels a row, in a range that holds 0. */
function levels(x: Tensor): Tensor {
  const low = ops.neg(ops.clamp(largest(ops.neg(x)), { min: 0 })) // [T, 1]
  const span = ops.sub(ops.clamp(largest(x), { min: 0 }), low) // [T, 1]
  const inverse = ops.div(ops.mul(ops.onesLike(span), 255), span) // [T, 1]
  const zero = round(ops.mul(ops.neg(low), inverse)) // [T, 1]
  const codes = ops.clamp(ops.add(round(ops.mul(x, inverse)), zero), { min: 0, max: 255 }) // [T, in]
  return ops.div(ops.mul(ops.sub(codes, zero), span), 255) // [T, in]
}

/** W as 255 levels a row, symmetric. */
function weightLevels(weight: Tensor): Tensor {
  const scale = ops.div(largest(ops.abs(weight)), 127) // [out, 1]
  return ops.mul(round(ops.div(weight, scale)), scale) // [out, in]
}

/** A Linear on quantized values, spelled out in ATen's operators. */
class QuantizedReference extends LinearLike {
  readonly inFeatures: number
  readonly outFeatures: number
  weight: Tensor
  bias: Tensor | null

  constructor(
    readonly layer: LinearLike,
    readonly merged: boolean,
  ) {
    super()
    this.inFeatures = layer.inFeatures
    this.outFeatures = layer.outFeatures
    this.weight = layer.weight
    this.bias = layer.bias
  }

  segment(): null {
    return null
  }

  effectiveWeight(): Tensor {
    return this.layer.effectiveWeight()
  }

  override compute(x: Tensor): Tensor {
    const weight = weightLevels(this.merged ? this.effectiveWeight() : this.weight)
    const y = ops.add(ops.matmul(levels(x), weight.t()), this.bias!)
    return this.merged || !(this.layer instanceof LoraLinear) ? y : ops.add(y, lowRank(x, this.layer))
  }
}

/** Puts the encoder's Linears on quantized values. */
function quantize(model: Model, { merged }: { merged: boolean }): void {
  for (const [path, module] of [...model.namedModules()])
    if (module instanceof LinearLike && model.roleOf(`${path}.weight`) === 'body')
      model.replaceModule(path, new QuantizedReference(module, merged))
}

function lowRank(x: Tensor, { update }: LoraLinear): Tensor {
  const low = ops.matmul(x, update.A.t()) // [T, R]
  return ops.mul(ops.matmul(low, update.B.t()), update.scaling)
}

function distance(found: readonly (readonly number[])[], expected: readonly (readonly number[])[]): number {
  expect(found.map((row) => row.length)).toEqual(expected.map((row) => row.length))
  return Math.max(...found.flatMap((row, i) => row.map((value, j) => Math.abs(value - expected[i]![j]!))))
}

/**
 * Equal to the reference to float32's rounding, but for texts in which a value lies so near the middle between two codes
 * that rounding tells where it falls.
 */
function expectQuantized(found: readonly number[][], expected: readonly number[][]): void {
  const apart = found.map((row, i) => distance([row], [expected[i]!]))
  expect(apart.filter((difference) => difference < 1e-5).length).toBeGreaterThan(found.length / 2)
  expect(Math.max(...apart)).toBeLessThan(1e-2)
}

let base: string
const open: TextClassifier[] = []
async function load(options: TextClassifierOptions = {}, dir = base): Promise<TextClassifier> {
  const classifier = await TextClassifier.load(dir, { dtype: 'int8', ...options })
  open.push(classifier)
  return classifier
}
const logitsOf = async (classifier: TextClassifier, adapter?: string) =>
  (await classifier.classify(texts, { adapter })).map(({ logits }) => logits)

beforeAll(async () => {
  base = await tinyClassifier({ labels })
})
afterEach(async () => {
  for (const classifier of open.splice(0)) await classifier.close()
})

describe('int8', () => {
  it.each(['bert', 'roberta'] as const)('%s gives the logits of quantized values', async (family) => {
    const dir = await tinyClassifier({ family, labels })
    const classifier = await load({}, dir)
    expect(classifier.dtype).toBe('int8')
    const found = await logitsOf(classifier)
    const expected = await plainLogits(dir, texts, undefined, (model) => quantize(model, { merged: false }))
    const exact = await plainLogits(dir, texts)
    expectQuantized(found, expected)
    expect(distance(found, exact)).toBeGreaterThan(4e-3) // it is quantized indeed
    expect(distance(found, exact)).toBeLessThan(0.2)
  })

  it('answers a text with the same bits whatever it is packed with', async () => {
    const classifier = await load()
    const together = await logitsOf(classifier)
    for (const [i, text] of texts.entries())
      expect((await classifier.classify(text)).logits).toEqual(together[i])
  })

  it('quantizes what an adapter was merged into', async () => {
    const directory = await tinyAdapter(base, { seed: 3, targetModules: 'all-linear' })
    const found = await logitsOf(await load({ mergeAdapter: directory }))
    const expected = await plainLogits(base, texts, { directory, labels }, (model) =>
      quantize(model, { merged: true }),
    )
    expectQuantized(found, expected)
    expect(distance(found, await logitsOf(await load()))).toBeGreaterThan(0.1)
  })

  it('adds adapters in float32, alone in a batch and mixed', async () => {
    const adapters = await Promise.all(
      (['all-linear', ['query', 'value']] as const).map((targetModules, i) =>
        tinyAdapter(base, {
          seed: 10 + i,
          labels: ['x', 'y'],
          r: 2 + i,
          targetModules: targetModules === 'all-linear' ? targetModules : [...targetModules],
        }),
      ),
    )
    const classifier = await load({ adapters: { a0: adapters[0]!, a1: adapters[1]! } })
    const expected = await Promise.all(
      adapters.map((directory) =>
        plainLogits(base, texts, { directory, labels: ['x', 'y'] }, (model) =>
          quantize(model, { merged: false }),
        ),
      ),
    )
    for (const i of [0, 1]) expectQuantized(await logitsOf(classifier, `a${i}`), expected[i]!)
    const busy = classifier.classify(texts)
    const mixed = await Promise.all(
      texts.flatMap((text, t) =>
        [0, 1].map(async (i) => ({
          found: (await classifier.classify(text, { adapter: `a${i}` })).logits,
          expected: expected[i]![t]!,
        })),
      ),
    )
    await busy
    for (const { found, expected: logits } of mixed) expect(distance([found], [logits])).toBeLessThan(1e-2)
    expect(distance(expected[0]!, expected[1]!)).toBeGreaterThan(0.1)
  })

  it('stays int8 when the model is swapped, and frees everything', async () => {
    const before = memory()
    const classifier = await TextClassifier.load(base, { dtype: 'int8' })
    await classifier.swap(await tinyClassifier({ labels, seed: 2 }))
    expect(classifier.dtype).toBe('int8')
    await classifier.swap(base, { dtype: 'float32' })
    expect(classifier.dtype).toBe('float32')
    await classifier.close()
    expect(memory().tensors).toBe(before.tensors)
    expect(memory().liveBytes).toBe(before.liveBytes)
  })

  it.each(['deberta-v2', 'deberta-v3'])('runs %s', async (name) => {
    using model = await AutoModelForSequenceClassification.fromPretrained(`${fixtures}models/${name}`)
    model.eval()
    const sequences = [5, 9, 1].map((n) => ({
      ids: Int32Array.from({ length: n }, (_, i) => 3 + i),
      typeIds: new Int32Array(n),
    }))
    using exact = await Predictor.frozen(model)
    const frozen = await freezeModel(model, { int8: true })
    using coarse = new Predictor(frozen.model, { dispose: frozen.dispose })
    const [a, b] = [await exact.forward(sequences), await coarse.forward(sequences)]
    const apart = distance(
      a.map((row) => [...row]),
      b.map((row) => [...row]),
    )
    expect(apart).toBeGreaterThan(1e-6)
    expect(apart).toBeLessThan(0.05)
  })

  it('refuses other types by name', async () => {
    const int4 = { dtype: 'int4' } as unknown as TextClassifierOptions
    await expect(TextClassifier.load(base, int4)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/float32, float64, bfloat16, float16 or auto, received "int4"/),
    })
    await expect(TextClassifier.load(base, int4)).rejects.toThrow(/take int8 too/)
    await expect(
      AutoModelForSequenceClassification.fromPretrained(base, { dtype: 'int8' }),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/TextClassifier.load/),
    })
    using double = await AutoModelForSequenceClassification.fromPretrained(base, { dtype: 'float64' })
    await expect(freezeModel(double, { int8: true })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/float64 on cpu/),
    })
  })
})
