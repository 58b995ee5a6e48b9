import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadAdapter, saveAdapter } from '../../lib/adapters/adapter.ts'
import { applyLora } from '../../lib/adapters/apply.ts'
import { LoraConfig } from '../../lib/adapters/config.ts'
import { loftqFactors } from '../../lib/adapters/loftq.ts'
import { mergeLora, unloadLora } from '../../lib/adapters/merge.ts'
import { dequantizeNf4, quantizeNf4 } from '../../lib/adapters/nf4.ts'
import { loraState } from '../../lib/adapters/state.ts'
import * as ops from '../../lib/generated/ops.ts'
import { TextClassifier } from '../../lib/inference/text-classifier.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { Tensor } from '../../lib/tensor.ts'
import { maxDifference } from '../models/golden.ts'
import { tinyModel } from '../train/tiny.ts'

interface Quantized {
  values: string
  packed: string
  absmax: string
  dequantized: string
}

interface Weight extends Record<'weight' | 'residual' | 'A' | 'B', string> {
  shape: [number, number]
  r: number
  iterations: number
}

/** Made by scripts/fixtures/make_loftq.py with bitsandbytes and peft. */
const made = JSON.parse(await readFile(new URL('fixtures/loftq.json', import.meta.url), 'utf8')) as {
  quantized: Record<string, Quantized>
  weights: Record<string, Weight>
}

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'base64'))
const floats = (text: string) => new Float32Array(bytes(text).buffer)

describe('NF4 is bitsandbytes', () => {
  it.each(Object.keys(made.quantized))('bit for bit: %s', (name) => {
    const { values, packed, absmax, dequantized } = made.quantized[name]!
    const found = quantizeNf4(floats(values))
    expect(found.absmax).toEqual(floats(absmax))
    expect(found.packed).toEqual(bytes(packed))
    expect(dequantizeNf4(found)).toEqual(floats(dequantized))
  })

  it('of zeros is zeros, and of an odd number of values too', () => {
    expect(dequantizeNf4(quantizeNf4(new Float32Array(65)))).toEqual(new Float32Array(65))
    expect(dequantizeNf4(quantizeNf4(Float32Array.from([2, -2, 0])))).toEqual(Float32Array.from([2, -2, 0]))
    expect(quantizeNf4(new Float32Array(0)).packed).toHaveLength(0)
  })
})

describe("LoftQ is peft's", () => {
  it.each(Object.keys(made.weights))(
    '%s: the weight in four bits, and the factors of what it lost',
    (name) => {
      const { shape, r, iterations, ...given } = made.weights[name]!
      const weight = Tensor.from(floats(given.weight), { shape })
      const { A, B, residual } = loftqFactors(weight, { r, iterations })
      const theirs = (of: 'residual' | 'A' | 'B', at: [number, number]) =>
        Tensor.from(floats(given[of]), { shape: at })
      // From the second iteration on it holds the rounding of a decomposition, which follows processor and threads.
      const different = maxDifference(residual, theirs('residual', shape))
      if (iterations === 1) expect(different).toBe(0)
      else expect(different).toBeLessThan(1e-6)
      const product = (a: Tensor, b: Tensor) => ops.matmul(b, a)
      const [out, inputs] = shape
      const expected = product(theirs('A', [r, inputs]), theirs('B', [out, r]))
      expect(maxDifference(product(A, B), expected)).toBeLessThan(1e-6)
      // Singular vectors are defined up to their sign.
      const magnitudes = (tensor: Tensor) => ops.abs(tensor)
      expect(maxDifference(magnitudes(A), magnitudes(theirs('A', [r, inputs])))).toBeLessThan(1e-5)
      const lost = (approximation: Tensor) =>
        ops.linalgVectorNorm(ops.sub(weight, approximation)).item() as number
      expect(lost(ops.add(residual, product(A, B)))).toBeLessThan(lost(residual))
    },
  )
})

describe('a model with LoftQ', () => {
  it('is saved, loaded, merged and unloaded', async () => {
    const folder = await tinyModel()
    const load = () => AutoModelForSequenceClassification.fromPretrained(folder)
    const config = { r: 4, loraAlpha: 4, initLoraWeights: 'loftq', loftqConfig: { loftqIter: 2 } } as const
    using model = applyLora(await load(), config)
    const path = 'bert.encoder.layer.0.attention.self.query.weight'
    const weightOf = (of: typeof model) => new Map(of.namedParameters()).get(path)!
    using base = await load()
    const own = weightOf(base)
    expect(maxDifference(weightOf(model), own)).toBeGreaterThan(1e-3) // in four bits
    const layer = loraState(model).layers.get(path.replace('.weight', ''))!
    const acting = layer.mergedParameters().weight!
    expect(maxDifference(acting, own)).toBeLessThan(maxDifference(weightOf(model), own))

    const adapter = join(await mkdtemp(join(tmpdir(), 'loftq-')), 'adapter')
    await saveAdapter(model, adapter)
    const json = JSON.parse(await readFile(join(adapter, 'adapter_config.json'), 'utf8'))
    expect(json).toMatchObject({
      init_lora_weights: 'loftq',
      loftq_config: { loftq_bits: 4, loftq_iter: 2 },
      r: 4,
    })
    using loaded = await loadAdapter(await load(), adapter)
    expect(maxDifference(weightOf(loaded), weightOf(model))).toBe(0)
    const merged = loraState(loaded).layers.get(path.replace('.weight', ''))!.mergedParameters().weight!
    expect(maxDifference(merged, acting)).toBe(0)
    await using both = await TextClassifier.load(folder, { mergeAdapter: adapter })
    expect((await both.classify('a fine play')).label).toMatch(/good|bad/)
    await expect(TextClassifier.load(folder, { adapters: { own: adapter } })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('four bits'),
    })
    unloadLora(loaded)
    expect(maxDifference(weightOf(loaded), own)).toBe(0)
    mergeLora(model)
    expect(maxDifference(weightOf(model), acting)).toBe(0)

    await writeFile(
      join(adapter, 'adapter_config.json'),
      JSON.stringify({ ...json, loftq_config: { loftq_bits: 8 } }),
    )
    await expect(loadAdapter(await load(), adapter)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('8 bits'),
    })
  })

  it.each([
    [{ initLoraWeights: 'loftq', useDora: true }, /useDora/],
    [{ initLoraWeights: 'loftq', loftqConfig: { loftqBits: 8 } }, /loftqBits must be 4, received 8/],
    [
      { initLoraWeights: 'loftq', loftqConfig: { loftqIter: 0 } },
      /loftqIter must be a whole number of at least 1/,
    ],
    [{ initLoraWeights: 'loftq', loftqConfig: { iterations: 2 } }, /loftqConfig has no 'iterations'/],
    [{ loftqConfig: { loftqIter: 2 } }, /loftqConfig is for initLoraWeights 'loftq'/],
    [{ evaConfig: { rho: 2 } }, /evaConfig is for initLoraWeights 'eva'/],
    [
      { initLoraWeights: 'eva', evaConfig: { rho: 0.5, tau: 2 } },
      /rho must be at least 1.*tau must be between 0 and 1/,
    ],
    [{ initLoraWeights: 'loft' }, /'loftq' or 'eva', received 'loft'/],
  ])('%j is refused', (options, message) => {
    expect(() => new LoraConfig(options as object)).toThrow(message)
  })
})
