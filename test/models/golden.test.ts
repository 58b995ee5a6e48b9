import { describe, expect, it } from 'vitest'
import { noGrad } from '../../lib/grad-mode.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { compile } from '../../lib/program.ts'
import type { DType, Tensor } from '../../lib/tensor.ts'
import { fixtures, golden, goldenBatch, goldenModels, gradientDifference, maxDifference } from './golden.ts'

/** Labels in the dtype that the loss wants. */
function labelsFor(problemType: string, labels: Tensor, dtype: DType): Tensor {
  return labels.to({ dtype: problemType === 'single_label_classification' ? 'int64' : dtype })
}

describe.each(goldenModels('bert', 'roberta', 'deberta'))('%s', (name) => {
  it('gives the logits of transformers, eagerly and compiled', async () => {
    const model = await AutoModelForSequenceClassification.fromPretrained(`${fixtures}models/${name}`)
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
      const model = await AutoModelForSequenceClassification.fromPretrained(`${fixtures}models/${name}`, {
        dtype,
      })
      const reference = await golden(name)
      model.setRequiresGrad(true)
      const loss = model.loss(model.forward(goldenBatch(reference)), {
        labels: labelsFor(model.task.problemType, reference.get('labels')!, dtype),
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
