import {
  AdaptedLinear,
  type AdapterMethod,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyAdapter,
  loadAdapter,
  type Model,
  mergeAdapter,
  ops,
  PeftConfig,
  type PeftConfigOptions,
  saveAdapter,
  Tensor,
  Trainer,
} from 'torch-lora'
import { Linear } from 'torch-lora/nn'
import { type Given, training } from './given.ts'

/** y = x (W + u v^T)^T + b: an update of rank one, by two vectors that train. */
class RankOneLinear extends AdaptedLinear {
  readonly u: Tensor
  readonly v: Tensor

  constructor(base: Linear, scale: number) {
    super(base)
    this.u = Tensor.zeros([base.outFeatures])
    this.v = Tensor.full([base.inFeatures], scale)
    this.u.requiresGrad = true
    this.v.requiresGrad = true
  }

  override adapterParameters(): [name: string, parameter: Tensor][] {
    return [
      ['rank_one_u', this.u],
      ['rank_one_v', this.v],
    ]
  }

  lowRank() {
    const [A, B] = [ops.unsqueeze(this.v, 0), ops.unsqueeze(this.u, 1)] // [1, in], [out, 1]
    return { A, B, scaling: 1, dropout: 0 }
  }

  segment() {
    return { weight: this.weight, bias: this.bias, lowRank: this.lowRank() }
  }

  effectiveWeight(): Tensor {
    return ops.add(this.weight, ops.outer(this.u, this.v)) // [out, in]
  }
}

interface RankOneOptions extends PeftConfigOptions {
  scale?: number | undefined
}

/** What is adapted; it carries the method, so that nothing is registered anywhere. */
class RankOneConfig extends PeftConfig {
  readonly scale: number

  constructor(options: RankOneOptions = {}) {
    super(options)
    this.scale = options.scale ?? 0.1
    this.check(options, this.scale > 0 ? [] : ['scale must be above 0'])
  }

  get peftType(): string {
    return 'RANK_ONE'
  }

  override get method(): AdapterMethod {
    return rankOne
  }
}

const rankOne: AdapterMethod = {
  name: 'rank one',
  unit: 'Linear',
  Config: RankOneConfig,
  complete: ({ family }, config) =>
    config.targetModules === null ? config.with({ targetModules: family.loraTargets }) : config,
  adapts: (module) => module instanceof Linear,
  wrap: (module, { config }) => new RankOneLinear(module as Linear, (config as RankOneConfig).scale),
}

const updates = (model: Model) => model.trainableParameters().filter(([path]) => path.includes('rank_one'))

/** An adapter method of one's own: trained, saved in PEFT's format, loaded, merged. */
export async function main({ base, rows, out }: Given) {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  using model = await AutoModelForSequenceClassification.fromPretrained(base)
  applyAdapter(model, new RankOneConfig({ scale: 0.2 }))
  const { steps } = await new Trainer({ model, tokenizer, train: rows, ...training }).train()
  await saveAdapter(model, out)
  using again = await AutoModelForSequenceClassification.fromPretrained(base)
  await loadAdapter(again, out, { method: rankOne, trainable: true })
  const [trained, loaded] = [updates(model), updates(again)]
  const same = trained.every(([, tensor], i) => ops.equal(tensor, loaded[i]![1]))
  mergeAdapter(again)
  return { steps, adapted: trained.length, same, left: updates(again).length }
}
