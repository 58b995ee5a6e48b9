import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  type EncoderConfig,
  type Family,
  Head,
  Model,
  ops,
  SequenceClassification,
  type Tensor,
  type TensorOptions,
  Trainer,
} from 'torch-lora'
import { Linear } from 'torch-lora/nn'
import { type Given, training } from './given.ts'

/** Two layers with a ReLU between them, on the first token. */
class DeepHead extends Head {
  readonly reads = 'first'
  inner: Linear
  outer: Linear

  constructor(
    size: number,
    readonly width: number,
    options: TensorOptions,
  ) {
    super()
    this.inner = new Linear(size, size, { std: 0.2, ...options })
    this.outer = new Linear(size, width, { std: 0.2, ...options })
  }

  forward(rows: Tensor): Tensor {
    return this.outer.forward(ops.relu(this.inner.forward(rows, { rows: 'wanted' })), { rows: 'wanted' })
  }
}

/** A task is a value: this one differs in its head. */
class DeepClassification extends SequenceClassification {
  override head(_: Family, config: EncoderConfig, options: TensorOptions): never {
    return new DeepHead(config.hiddenSize, this.width, options) as never
  }
}

/** Full fine-tuning of a pretrained encoder under a head of one's own. */
export async function main({ base, rows }: Given) {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  using pretrained = await AutoModelForSequenceClassification.fromPretrained(base)
  const task = new DeepClassification({ labels: ['bad', 'good'], problemType: 'single_label_classification' })
  using model = new Model(pretrained.family, pretrained.config, task)
  model.encoder.loadStateDict(pretrained.encoder.stateDict())
  model.setRequiresGrad(true)
  const { steps } = await new Trainer({
    model,
    tokenizer,
    train: rows,
    ...training,
    learningRate: 1e-3,
  }).train()
  return { steps, head: [...model.head.namedParameters()].map(([path]) => path) }
}
