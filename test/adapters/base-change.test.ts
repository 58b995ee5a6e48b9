import { cp, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadAdapter, saveAdapter } from '../../lib/adapters/adapter.ts'
import type { LoraLinear } from '../../lib/adapters/lora.ts'
import { mergeLora, unloadLora } from '../../lib/adapters/merge.ts'
import { loraState } from '../../lib/adapters/state.ts'
import { mapTensors, readCheckpoint } from '../../lib/checkpoint/index.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { failure } from '../checkpoint/support.ts'
import { fixtures, goldenBatch, maxDifference } from '../models/golden.ts'

// Written by scripts/fixtures/make_base_changes.py with peft 0.21.
const adapters = join(fixtures, 'base-changes')
const base = () => AutoModelForSequenceClassification.fromPretrained(join(fixtures, 'models/bert-single'))

describe.each(await readdir(adapters))('init_lora_weights, %s', (name) => {
  const folder = join(adapters, name)
  const reference = async () =>
    mapTensors((await readCheckpoint(join(folder, 'golden.safetensors'))).entries.values())

  it('gives the logits of peft, beside the base, merged, and saved again', async () => {
    const golden = await reference()
    const batch = goldenBatch(golden)
    const logits = golden.get('logits')!
    const model = await base()
    const before = Array.from(model.namedParameters(), ([, parameter]) => parameter.readSync())
    const plain = noGrad(() => model.forward(batch)).readSync()
    await loadAdapter(model, folder)
    const forward = () => noGrad(() => model.forward(batch))
    expect(maxDifference(forward(), logits)).toBeLessThan(1e-5)

    const again = await mkdtemp(join(tmpdir(), 'adapter-'))
    await saveAdapter(model, again)
    expect(JSON.parse(await readFile(join(again, 'adapter_config.json'), 'utf8')).init_lora_weights).toBe(
      true,
    )
    const reloaded = await loadAdapter(await base(), again)
    expect(
      maxDifference(
        noGrad(() => reloaded.forward(batch)),
        logits,
      ),
    ).toBeLessThan(1e-5)

    mergeLora(model, { keepBase: true })
    expect(maxDifference(forward(), logits)).toBeLessThan(1e-5)
    unloadLora(model)
    expect(forward().readSync()).toEqual(plain)
    expect(Array.from(model.namedParameters(), ([, parameter]) => parameter.readSync())).toEqual(before)
  })
})

it('an adapter that goes on training trains both parts', async () => {
  const model = await loadAdapter(await base(), join(adapters, 'pissa-patterns'), { trainable: true })
  const { layers, config } = loraState(model)
  expect(config).toMatchObject({ r: 8, rankPattern: { 'layer.0.attention.self.query': 6 } })
  const updates = Array.from(layers.values(), (layer) => (layer as LoraLinear).update)
  const ranks = updates.map(({ A }) => A.shape[0])
  expect(new Set(ranks)).toEqual(new Set([6, 8]))
  for (const { A, B } of updates) expect([A.requiresGrad, B.requiresGrad]).toEqual([true, true])
})

it.each([
  'pissa_niter_4',
  'pissa_niter_16',
  'PISSA',
  'corda',
  'corda_kpm',
  'lora_ga',
  'something new',
  { a: 1 },
])('%j is refused by name', async (init) => {
  const folder = await mkdtemp(join(tmpdir(), 'adapter-'))
  await cp(join(adapters, 'gaussian'), folder, { recursive: true })
  const file = join(folder, 'adapter_config.json')
  const json = JSON.parse(await readFile(file, 'utf8'))
  await writeFile(file, JSON.stringify({ ...json, init_lora_weights: init }))
  const { message } = await failure(loadAdapter(await base(), folder), 'UNSUPPORTED')
  expect(message).toContain(`init_lora_weights is ${JSON.stringify(init)}`)
  expect(message).toContain('path_initial_model_for_weight_conversion')
})
