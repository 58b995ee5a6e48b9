import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readCheckpoint } from '../../lib/checkpoint/index.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import { AutoModel, AutoModelForTokenClassification } from '../../lib/models/auto.ts'
import { loadReport } from '../../lib/models/origin.ts'
import { fixtures, golden, goldenBatch, manifest, maxDifference } from './golden.ts'

const names = Object.keys(manifest.models).filter((name) => manifest.models[name]!.task === 'token')
const folder = (name: string) => `${fixtures}models/${name}`

it('there is one for every family', async () => {
  const types = await Promise.all(
    names.map(
      async (name) => JSON.parse(await readFile(join(folder(name), 'config.json'), 'utf8')).model_type,
    ),
  )
  expect(types.sort()).toEqual([...AutoModel.modelTypes].sort())
})

describe.each(names)('AutoModel of %s', (name) => {
  it("gives transformers' last_hidden_state, packed, from another model's file and from its own", async () => {
    const reference = await golden(name)
    const batch = goldenBatch(reference)
    const model = await AutoModel.fromPretrained(folder(name))
    const unexpected = loadReport(model)!.unexpected
    expect(unexpected).toEqual(expect.arrayContaining(['classifier.bias', 'classifier.weight']))
    expect(unexpected.filter((path) => path.startsWith(`${model.family.prefix}.`))).toEqual([])
    const hidden = noGrad(() => model.forward(batch))
    expect(hidden.shape).toEqual([batch.inputIds.numel, model.config.hiddenSize])
    expect(maxDifference(hidden, reference.get('last_hidden_state')!)).toBeLessThan(1e-5)

    const saved = await mkdtemp(join(tmpdir(), 'encoder-'))
    await model.savePretrained(saved)
    const { entries } = await readCheckpoint(saved)
    const prefix = `${model.family.prefix}.`
    const whole = await AutoModelForTokenClassification.fromPretrained(folder(name))
    const body = [...whole.namedParameters()].map(([path]) => path).filter((path) => path.startsWith(prefix))
    expect([...entries.keys()].sort()).toEqual(body.map((path) => path.slice(prefix.length)).sort())
    const again = await AutoModel.fromPretrained(saved)
    expect(noGrad(() => again.forward(batch)).readSync()).toEqual(hidden.readSync())
    const config = JSON.parse(await readFile(join(saved, 'config.json'), 'utf8'))
    expect(config.architectures).toEqual([`${model.family.architecture}Model`])
  })

  it('is made of a config.json, the same for the same seed', async () => {
    const raw = JSON.parse(await readFile(join(folder(name), 'config.json'), 'utf8'))
    const batch = goldenBatch(await golden(name))
    const made = [1, 1, 2].map((seed) => AutoModel.fromConfig(raw, { seed }))
    const [first, same, other] = made.map((model) => noGrad(() => model.forward(batch)).readSync())
    expect(first).toEqual(same)
    expect(first).not.toEqual(other)
  })
})
