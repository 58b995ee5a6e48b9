import { expect, it } from 'vitest'
import { loadAdapter } from '../../lib/adapters/adapter.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import { freezeModel } from '../../lib/inference/frozen-model.ts'
import { compile } from '../../lib/program.ts'
import {
  fixtures,
  golden,
  goldenAdapters,
  goldenBatch,
  goldenModels,
  loadGolden,
  maxDifference,
} from '../models/golden.ts'

it.each(goldenModels)('a served copy of %s gives the logits of transformers', async (name) => {
  const reference = await golden(name)
  const batch = goldenBatch(reference)
  const frozen = await freezeModel(await loadGolden(name))
  const forward = compile((inputs: typeof batch) => noGrad(() => frozen.model.forward(inputs)))
  expect(maxDifference(await forward(batch), reference.get('logits')!)).toBeLessThan(1e-5)
  forward.dispose()
  frozen.dispose()
})

const adapted = goldenModels.flatMap((model) =>
  goldenAdapters(model)
    .slice(0, 1)
    .map((name) => [name, model] as const),
)

it.each(adapted)('a served copy under %s gives the logits of peft', async (name, modelName) => {
  const reference = await golden(name)
  const batch = goldenBatch(reference)
  const frozen = await freezeModel(
    await loadAdapter(await loadGolden(modelName), `${fixtures}adapters/${name}`),
  )
  const logits = noGrad(() => frozen.model.forward(batch))
  expect(maxDifference(logits, reference.get('merged_logits')!)).toBeLessThan(1e-5)
  frozen.dispose()
})
