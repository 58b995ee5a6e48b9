import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { adapterTensors, loadAdapter, saveAdapter } from '../../lib/adapters/adapter.ts'
import { keyOfPath } from '../../lib/adapters/adapter-keys.ts'
import { mergeLora, unloadLora, unmergeLora } from '../../lib/adapters/merge.ts'
import { loraState } from '../../lib/adapters/state.ts'
import { readCheckpoint } from '../../lib/checkpoint/index.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import type { DType } from '../../lib/tensor.ts'
import {
  fixtures,
  golden,
  goldenAdapters,
  goldenBatch,
  goldenLabels,
  goldenModels,
  gradientDifference,
  loadGolden,
  maxDifference,
} from '../models/golden.ts'

const cases = goldenModels.flatMap((model) => goldenAdapters(model).map((name) => [name, model] as const))

describe.each(cases)('adapter %s', (name, modelName) => {
  const load = async ({ trainable = false, dtype = 'float32' as DType } = {}) => {
    const model = await loadGolden(modelName, { dtype })
    return loadAdapter(model, `${fixtures}adapters/${name}`, { trainable })
  }

  it('gives the logits of peft, unmerged, merged and unmerged again', async () => {
    const model = await load()
    const reference = await golden(name)
    const batch = goldenBatch(reference)
    const unmerged = noGrad(() => model.forward(batch))
    expect(maxDifference(unmerged, reference.get('logits')!)).toBeLessThan(1e-5)
    mergeLora(model, { keepBase: true })
    expect(
      maxDifference(
        noGrad(() => model.forward(batch)),
        reference.get('merged_logits')!,
      ),
    ).toBeLessThan(1e-5)
    unmergeLora(model)
    expect(noGrad(() => model.forward(batch)).readSync()).toEqual(unmerged.readSync())
  })

  it.each(['float64', 'float32'] as const)('gives the loss and the gradients of peft, %s', async (dtype) => {
    const model = await load({ trainable: true, dtype })
    const reference = await golden(name)
    const loss = model.loss(model.forward(goldenBatch(reference)), { labels: goldenLabels(model, reference) })
    expect(maxDifference(loss, reference.get('loss')!)).toBeLessThan(1e-5)
    loss.backward()
    const state = loraState(model)
    const ours = new Map(
      Array.from(adapterTensors(model), ([path, tensor]) => [`grad.${keyOfPath(path, state)}`, tensor]),
    )
    const pairs = [...reference.keys()]
      .filter((name) => name.startsWith('grad.'))
      .map((name) => {
        expect(ours.has(name), name).toBe(true)
        return { name, ours: ours.get(name)!.grad!, reference: reference.get(name)! }
      })
    expect(pairs.length).toBeGreaterThan(0)
    const worst = gradientDifference(dtype, pairs)
    expect(worst.fraction, worst.name).toBeLessThan(1)
  })

  it('is written back tensor for tensor', async () => {
    const model = await load()
    const directory = await mkdtemp(join(tmpdir(), 'adapter-'))
    await saveAdapter(model, directory)
    const written = (await readCheckpoint(join(directory, 'adapter_model.safetensors'))).entries
    const original = (await readCheckpoint(`${fixtures}adapters/${name}/adapter_model.safetensors`)).entries
    const wrapping = /\.(original_module|modules_to_save)\./
    expect([...written.keys()].sort()).toEqual(
      [...original.keys()].filter((key) => !wrapping.test(key)).sort(),
    )
    const again = await loadGolden(modelName)
    await loadAdapter(again, directory)
    const reference = await golden(name)
    const batch = goldenBatch(reference)
    expect(noGrad(() => again.forward(batch)).readSync()).toEqual(
      noGrad(() => model.forward(batch)).readSync(),
    )
  })

  it('unloads to the base model, bit for bit', async () => {
    const base = await loadGolden(modelName)
    const model = mergeLora(await load(), { keepBase: true })
    unloadLora(model)
    const expected = new Map(base.namedParameters())
    for (const [path, parameter] of model.namedParameters()) {
      expect(parameter.readSync(), path).toEqual(expected.get(path)!.readSync())
    }
  })
})
