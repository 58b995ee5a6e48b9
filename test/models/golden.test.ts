import { describe, expect, it } from 'vitest'
import { noGrad } from '../../lib/grad-mode.ts'
import { compile } from '../../lib/program.ts'
import {
  golden,
  goldenBatch,
  goldenLabels,
  goldenModels,
  gradientDifference,
  loadGolden,
  maxDifference,
} from './golden.ts'

describe.each(goldenModels)('%s', (name) => {
  it('gives the logits of transformers, eagerly and compiled', async () => {
    const model = await loadGolden(name)
    const reference = await golden(name)
    const batch = goldenBatch(reference)
    const eager = noGrad(() => model.forward(batch))
    expect(maxDifference(eager, reference.get('logits')!)).toBeLessThan(1e-5)
    const compiled = compile((inputs: typeof batch) => noGrad(() => model.forward(inputs)))
    expect(maxDifference(await compiled(batch), reference.get('logits')!)).toBeLessThan(1e-5)
  })

  it.each(['float64', 'float32'] as const)(
    'gives the loss and every gradient of full fine-tuning, %s',
    async (dtype) => {
      const model = await loadGolden(name, { dtype })
      const reference = await golden(name)
      model.setRequiresGrad(true)
      const loss = model.loss(model.forward(goldenBatch(reference)), {
        labels: goldenLabels(model, reference),
      })
      expect(maxDifference(loss, reference.get('loss')!)).toBeLessThan(1e-5)
      loss.backward()
      const pairs = Array.from(model.namedParameters(), ([name, parameter]) => {
        expect(reference.has(`grad.${name}`), name).toBe(true)
        return { name, ours: parameter.grad!, reference: reference.get(`grad.${name}`)! }
      })
      const worst = gradientDifference(dtype, pairs)
      expect(worst.fraction, worst.name).toBeLessThan(1)
    },
  )
})
