import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { adapterTensors, loadAdapter, saveAdapter } from '../../lib/adapters/adapter.ts'
import { applyAdapter, applyLora } from '../../lib/adapters/apply.ts'
import { BitFitConfig } from '../../lib/adapters/bitfit.ts'
import { IA3Config } from '../../lib/adapters/ia3.ts'
import { mergeLora, unloadLora, unmergeLora } from '../../lib/adapters/merge.ts'
import {
  activeAdapter,
  adapterNames,
  deleteAdapter,
  loraState,
  setAdapter,
} from '../../lib/adapters/state.ts'
import { mapTensors, readCheckpoint } from '../../lib/checkpoint/index.ts'
import * as ops from '../../lib/generated/ops.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'

import type { Model } from '../../lib/models/model.ts'
import { manualSeed } from '../../lib/random.ts'
import type { Tensor } from '../../lib/tensor.ts'
import { failure } from '../checkpoint/support.ts'
import { fixtures, goldenBatch, maxDifference } from '../models/golden.ts'

let values: Map<string, Tensor>
const base = () => AutoModelForSequenceClassification.fromPretrained(join(fixtures, 'models/bert-single'))
const logits = (model: Model) => noGrad(() => model.forward(goldenBatch(values)))

beforeAll(async () => {
  const file = join(fixtures, 'base-changes/gaussian/golden.safetensors')
  values = mapTensors((await readCheckpoint(file)).entries.values())
})

/** Numbers in every tensor of the active adapter. */
function randomise(model: Model, seed: number): void {
  manualSeed(seed)
  noGrad(() => {
    for (const tensor of adapterTensors(model).values()) ops.normal_(tensor, { std: 0.3 })
  })
}

describe('several adapters on one model', () => {
  it('each acts as it does alone, with its own head, and the base comes back bit for bit', async () => {
    const model = await base()
    const plain = logits(model).readSync()
    applyLora(model, { r: 4 }, { adapterName: 'lora' })
    randomise(model, 1)
    const first = logits(model)
    applyAdapter(model, new IA3Config(), { adapterName: 'ia3' })
    expect(activeAdapter(model)).toBe('lora')
    expect(adapterNames(model)).toEqual(['lora', 'ia3'])
    expect(logits(model).readSync()).toEqual(first.readSync())
    setAdapter(model, 'ia3')
    randomise(model, 2)
    const second = logits(model)
    expect(maxDifference(second, first)).toBeGreaterThan(0.01)
    setAdapter(model, 'lora')
    expect(logits(model).readSync()).toEqual(first.readSync())
    setAdapter(model, 'ia3')
    mergeLora(model, { keepBase: true })
    expect(maxDifference(logits(model), second)).toBeLessThan(1e-5)
    expect((await failure((async () => setAdapter(model, 'lora'))(), 'INVALID_ARGUMENT')).message).toContain(
      'is merged',
    )
    unmergeLora(model)
    deleteAdapter(model, 'ia3')
    expect(activeAdapter(model)).toBe(null)
    expect(logits(model).readSync()).toEqual(plain)
    setAdapter(model, 'lora')
    unloadLora(model)
    expect(adapterNames(model)).toEqual([])
    expect(logits(model).readSync()).toEqual(plain)
    expect(() => setAdapter(model, 'lora')).toThrow(/no adapter 'lora'/)
  })

  it('a name is given once', async () => {
    const model = applyLora(await base())
    expect(() => applyLora(model)).toThrow(/already has an adapter 'default'/)
  })
})

it('BitFit trains biases and the head, and comes back as itself', async () => {
  const model = applyAdapter(await base(), new BitFitConfig())
  const trained = model.trainableParameters().map(([path]) => path)
  expect(
    trained.filter((path) => model.roleOf(path) === 'body').every((path) => path.endsWith('.bias')),
  ).toBe(true)
  expect(trained).toContain('bert.embeddings.LayerNorm.bias')
  noGrad(() => {
    for (const [, tensor] of model.trainableParameters()) ops.normal_(tensor, { std: 0.3 })
  })
  const folder = await mkdtemp(join(tmpdir(), 'adapter-'))
  await saveAdapter(model, folder)
  const again = await loadAdapter(await base(), folder, { trainable: true })
  expect(loraState(again).config).toBeInstanceOf(BitFitConfig)
  expect(logits(again).readSync()).toEqual(logits(model).readSync())
})

it('a merge that is not finite is refused with safe, and the model stays', async () => {
  const model = applyLora(await base(), { r: 2 })
  const [[path, layer]] = loraState(model).layers as unknown as [[string, { update: { A: Tensor } }]]
  noGrad(() => ops.fill_(layer.update.A, Number.NaN))
  const weights = [...model.namedParameters()]
  expect(() => mergeLora(model, { safe: true })).toThrow(`${path}.weight`)
  expect([...model.namedParameters()]).toEqual(weights)
  mergeLora(model)
  expect(() => loraState(model)).toThrow(/no adapter/)
})
