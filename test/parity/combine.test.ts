import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadAdapter } from '../../lib/adapters/adapter.ts'
import { addWeightedAdapter, type WeightedAdapterOptions } from '../../lib/adapters/combine.ts'
import { activeAdapter, adapterState } from '../../lib/adapters/state.ts'
import { sums } from '../../lib/adapters/task-arithmetic.ts'
import { mapTensors, readCheckpoint } from '../../lib/checkpoint/index.ts'
import * as ops from '../../lib/generated/ops.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { Tensor } from '../../lib/tensor.ts'
import { failure } from '../checkpoint/support.ts'
import { maxDifference } from '../models/golden.ts'

// peft's add_weighted_adapter: TORCH_LORA_PYTHON names a Python that has it.
const python = process.env.TORCH_LORA_PYTHON
const script = resolve(import.meta.dirname, '../../scripts/parity/combine.py')

type Combination = Omit<WeightedAdapterOptions, 'adapterName'>

const combinations: Record<string, Combination> = {
  svd: { adapters: ['a', 'b', 'c'], weights: [0.7, -0.4, 1.1] },
  svd_rank: { adapters: ['a', 'c'], weights: [1, 0.5], combinationType: 'svd', svdRank: 3 },
  linear: { adapters: ['a', 'b'], weights: [0.7, -0.4], combinationType: 'linear' },
  cat: { adapters: ['a', 'b', 'c'], weights: [0.7, -0.4, 2], combinationType: 'cat' },
  ties: { adapters: ['a', 'b'], weights: [0.7, 0.4], combinationType: 'ties', density: 0.6 },
  ties_frequency: {
    adapters: ['a', 'b'],
    weights: [0.7, 0.4],
    combinationType: 'ties',
    density: 0.5,
    majoritySignMethod: 'frequency',
  },
  ties_svd: { adapters: ['a', 'b', 'c'], weights: [1, 1, 1], combinationType: 'ties_svd', density: 0.3 },
  magnitude_prune: {
    adapters: ['a', 'b'],
    weights: [1, 1],
    combinationType: 'magnitude_prune',
    density: 0.4,
  },
  magnitude_prune_svd: {
    adapters: ['a', 'b'],
    weights: [1, 2],
    combinationType: 'magnitude_prune_svd',
    density: 0.4,
  },
  dare_linear: { adapters: ['a', 'b'], weights: [0.7, 0.4], combinationType: 'dare_linear', density: 1 },
  dare_ties: { adapters: ['a', 'b'], weights: [0.7, -0.4], combinationType: 'dare_ties', density: 1 },
  dare_linear_svd: { adapters: ['a', 'b'], weights: [1, 1], combinationType: 'dare_linear_svd', density: 1 },
  dare_ties_svd: { adapters: ['a', 'b'], weights: [1, 1], combinationType: 'dare_ties_svd', density: 1 },
  one: { adapters: ['a'], weights: [-0.5] },
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

let root: string

async function loaded(names: readonly string[]) {
  const model = await AutoModelForSequenceClassification.fromPretrained(join(root, 'model'))
  for (const name of names) await loadAdapter(model, join(root, name), { adapterName: name })
  return model
}

it('dare keeps a share of the values at random, and their mean', () => {
  const shape = [200, 150]
  const sum = sums.dare_linear([Tensor.ones(shape)], {
    weights: [3],
    density: 0.6,
    majoritySignMethod: 'total',
    shape,
  })
  const values = Array.from(sum.readSync(), Number)
  expect(new Set(values.map((value) => value.toFixed(4)))).toEqual(new Set(['0.0000', '5.0000'])) // 3 / 0.6
  const kept = values.filter((value) => value !== 0).length / values.length
  expect(Math.abs(kept - 0.6)).toBeLessThan(0.02)
})

describe.skipIf(!python)('combinations beside PEFT’s (skipped without TORCH_LORA_PYTHON)', () => {
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'torch-lora-combine-'))
    const spec = Object.entries(combinations).map(([name, options]) => ({
      name,
      ...Object.fromEntries(Object.entries(options).map(([key, value]) => [snake(key), value])),
    }))
    await writeFile(join(root, 'spec.json'), JSON.stringify({ combinations: spec }))
    await promisify(execFile)(python!, [script, root], { timeout: 600_000 })
  }, 600_000)
  afterAll(() => rm(root, { recursive: true, force: true }))

  it.each(Object.entries(combinations))('%s', async (name, options) => {
    const model = await loaded(options.adapters)
    const expected = mapTensors((await readCheckpoint(join(root, `${name}.safetensors`))).entries.values())
    await addWeightedAdapter(model, { ...options, adapterName: 'sum', head: options.adapters[0] })
    expect(activeAdapter(model)).toBe(options.adapters[0])
    const { layers } = adapterState(model, 'sum')
    expect(2 * layers.size).toBe(expected.size)
    for (const [path, layer] of layers) {
      const { A, B, scaling } = layer.lowRank()!
      expect(scaling).toBe(1)
      const [a, b] = ['A', 'B'].map(
        (factor) => expected.get(`base_model.model.${path}.lora_${factor}.weight`)!,
      )
      // Singular vectors have no sign of their own: of those the product is compared.
      const svd = (options.combinationType ?? 'svd').endsWith('svd') && options.adapters.length > 1
      if (!svd) {
        expect(A.shape, path).toEqual(a!.shape)
        expect(maxDifference(A, a!), path).toBeLessThan(1e-5)
        expect(maxDifference(B, b!), path).toBeLessThan(1e-5)
      }
      expect(maxDifference(ops.matmul(B, A), ops.matmul(b!, a!)), path).toBeLessThan(1e-5)
    }
  })

  it('refuses what cannot be combined, by name', async () => {
    const model = await loaded(['a', 'c'])
    const refused = async (options: Partial<WeightedAdapterOptions>) =>
      (
        await failure(
          addWeightedAdapter(model, {
            adapters: ['a', 'c'],
            weights: [1, 1],
            adapterName: 'sum',
            head: 'a',
            ...options,
          }),
          'INVALID_ARGUMENT',
        )
      ).message
    expect(await refused({ combinationType: 'linear' })).toMatch(
      /linear combines adapters of one rank, these have 4, 6/,
    )
    expect(await refused({ combinationType: 'ties' })).toMatch(/ties needs density/)
    expect(await refused({ head: undefined })).toMatch(/a, c bring a head each/)
    expect(await refused({ weights: [1] })).toMatch(/weights must be 2 numbers/)
    expect(await refused({ adapters: ['a', 'x'] })).toMatch(/no adapter 'x'/)
    expect(await refused({ combinationType: 'mean' as 'svd' })).toMatch(/combinationType must be/)
    expect(await refused({ densty: 1 } as object)).toMatch(/'densty' is no option/)
    expect(activeAdapter(model)).toBe('a')
  })
})
