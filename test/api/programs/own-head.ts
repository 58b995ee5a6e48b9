import {
  AutoModel,
  AutoTokenizer,
  type EncoderConfig,
  type Family,
  Head,
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
  override head(_: Family, config: EncoderConfig, options: TensorOptions): Head {
    return new DeepHead(config.hiddenSize, this.width, options)
  }
}

const task = new DeepClassification({ labels: ['bad', 'good'], problemType: 'single_label_classification' })

/** Full fine-tuning of a pretrained encoder under a head of one's own, that is saved and comes back. */
export async function main({ base, rows, out }: Given) {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  using model = await AutoModel.fromPretrained(base, { task })
  model.setRequiresGrad(true)
  const trainer = new Trainer({ model, tokenizer, train: rows, ...training, learningRate: 1e-3 })
  const { steps } = await trainer.train()
  await model.savePretrained(out)
  using again = await AutoModel.fromPretrained(out, { task })
  const [head, other] = [[...model.head.namedParameters()], [...again.head.namedParameters()]]
  return {
    steps,
    head: head.map(([path]) => path),
    same: head.every(([, tensor], i) => ops.equal(tensor, other[i]![1])),
  }
}
