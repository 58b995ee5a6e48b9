import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  type NamedParameters,
  noGrad,
  type Optimizer,
  ops,
  type Tensor,
  Trainer,
} from 'torch-lora'
import { type Given, training } from './given.ts'

/** Plain gradient descent. */
class Descent implements Optimizer {
  readonly stateBytes = 0
  constructor(readonly parameters: NamedParameters) {}

  *state(): Generator<[string, Tensor]> {}

  step(learningRate: Tensor): void {
    noGrad(() => {
      for (const [, parameter] of this.parameters) ops.sub_(parameter, ops.mul(parameter.grad!, learningRate))
    })
  }

  zeroGrad(): void {
    for (const [, parameter] of this.parameters) parameter.clearGrad()
  }

  [Symbol.dispose](): void {}
}

/** Made by the Trainer, by a function. */
export async function main({ base, rows }: Given) {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  using model = await AutoModelForSequenceClassification.fromPretrained(base)
  applyLora(model, { r: 4 })
  const before = model.trainableParameters().map(([, parameter]) => parameter.clone())
  const optimizer = (parameters: NamedParameters) => new Descent(parameters)
  const { optimizerStateBytes } = await new Trainer({
    model,
    tokenizer,
    train: rows,
    optimizer,
    ...training,
  }).train()
  const moved = model.trainableParameters().filter(([, now], i) => !ops.equal(now, before[i]!)).length
  return { optimizerStateBytes, moved }
}
