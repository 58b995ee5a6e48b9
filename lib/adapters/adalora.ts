import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { Model } from '../models/model.ts'
import * as init from '../nn/init.ts'
import { Linear, type LowRank, type Segment } from '../nn/linear.ts'
import type { Optimizer } from '../optim/optimizer.ts'
import { Tensor } from '../tensor.ts'
import { fullDType } from '../weight-dtype.ts'
import { RankAllocator } from './adalora-allocator.ts'
import { AdaLoraConfig } from './adalora-config.ts'
import { lowRankDelta } from './lora-delta.ts'
import { AdaptedLinear, type AdapterMethod, type Target, withTargets } from './method.ts'
import type { LoraState } from './state.ts'

/** The factors of an update of changing rank, and which of its rows are left. */
interface Factors {
  /** [R, in] */
  A: Tensor
  /** The singular values: [R, 1] */
  E: Tensor
  /** [out, R] */
  B: Tensor
  /** Which rows the allocator has left, bool [R]; of a row that it has not, E is zero from then on. */
  kept: Tensor
  /** Of the rows that the adapter began with, which the file had: one a row of `config.initR`. */
  pattern: readonly boolean[]
  scaling: number
  dropout: number
}

/** y = x W^T + b + scaling * dropout(x) (E * A)^T B^T (Zhang et al., 2023, equation 3). */
export class AdaLoraLinear extends AdaptedLinear {
  constructor(
    base: Linear,
    readonly factors: Factors,
  ) {
    super(base)
  }

  override adapterParameters(): [name: string, parameter: Tensor][] {
    return [
      ['lora_E', this.factors.E],
      ['lora_A', this.factors.A],
      ['lora_B', this.factors.B],
    ]
  }

  override constants(): Tensor[] {
    return [this.factors.kept]
  }

  lowRank(): LowRank {
    const { A, E, B, scaling } = this.factors
    return { A: ops.mul(A, E), B, scaling, dropout: 0 }
  }

  segment(): Segment {
    const { weight, bias } = this
    if (this.factors.A.shape[0] === 0) return { weight, bias, lowRank: null }
    return { weight, bias, lowRank: { ...this.lowRank(), dropout: this.training ? this.factors.dropout : 0 } }
  }

  effectiveWeight(): Tensor {
    return ops.add(this.weight, lowRankDelta(this.lowRank()).to({ dtype: this.weight.dtype })) // [out, in]
  }

  /** Whether each row acts still: it was kept, or came back with older weights. */
  rows(): boolean[] {
    const [kept, values] = [this.factors.kept, this.factors.E].map((tensor) =>
      Array.from(tensor.readSync(), Number),
    )
    return kept!.map((each, row) => each !== 0 || values![row] !== 0)
  }
}

/** How far the factors are from orthogonal, a mean over all of them: adalora/model.py, forward. */
function orthogonality({ layers }: LoraState): Tensor {
  const distances = [...layers.values()].flatMap((layer) => {
    const { A, B } = (layer as AdaLoraLinear).factors
    return [ops.matmul(A, A.t()), ops.matmul(B.t(), B)].map((covariance) => {
      const identity = ops.eye(A.shape[0]!, { device: A.device, dtype: A.dtype })
      return ops.linalgVectorNorm(ops.sub(covariance, identity)) // []
    })
  })
  return ops.mean(ops.stack(distances)) // []
}

/** The configuration and tensors with the rows alone that are left, as PEFT writes them. */
function pruned(state: LoraState, tensors: ReadonlyMap<string, Tensor>) {
  const config = state.config as AdaLoraConfig
  const result = new Map(tensors)
  const rankPattern: Record<string, boolean[]> = {}
  for (const [path, each] of state.layers) {
    const layer = each as AdaLoraLinear
    const left = layer.rows()
    if (left.every(Boolean) && layer.factors.pattern.every(Boolean)) continue
    const rows = [...left.keys()].filter((row) => left[row])
    const index = Tensor.from(rows, { dtype: 'int64', device: layer.weight.device })
    for (const [name, tensor] of layer.adapterParameters())
      result.set(`${path}.${name}`, ops.indexSelect(tensor.detach(), name === 'lora_B' ? 1 : 0, index))
    let row = 0
    rankPattern[`${path}.lora_E`] = layer.factors.pattern.map((had) => had && left[row++]!)
  }
  if (Object.keys(rankPattern).length === 0 && config.rankPattern === null) return { config, tensors: result }
  // PEFT reads the pattern of every module or of none.
  for (const [path, layer] of state.layers)
    rankPattern[`${path}.lora_E`] ??= [...(layer as AdaLoraLinear).factors.pattern]
  return { config: config.with({ rankPattern }), tensors: result }
}

export const adalora = {
  name: 'AdaLoRA',
  unit: 'Linear',
  learningRate: () => 1e-3,
  ranks: (config: AdaLoraConfig) => ({
    tensor: /^(.*)\.lora_A$/,
    dimensions: 2,
    rankOf: (layer) => config.rankPattern?.[`${layer}.lora_E`]?.filter(Boolean).length ?? config.initR,
    // initR stays, because the scaling is by it: layers that the file lacks get no rows.
    bound: (most, others) => {
      if (config.initR <= most) return config
      const none = Object.fromEntries(others().map((layer) => [`${layer}.lora_E`, []]))
      return config.with({ rankPattern: { ...config.rankPattern, ...none } })
    },
  }),
  bareFactors: true,
  handles: (config) => config instanceof AdaLoraConfig,
  complete: ({ family }: Model, config: AdaLoraConfig) => withTargets(config, family.loraTargets),
  adapts: (module) => module instanceof Linear,
  wrap(linear: Linear, { path, config }: Target<AdaLoraConfig>) {
    const pattern = config.rankPattern?.[`${path}.lora_E`] ?? Array.from({ length: config.initR }, () => true)
    const r = pattern.filter(Boolean).length
    const { device, dtype: weights } = linear.weight
    const options = { device, dtype: fullDType(weights) }
    const std = config.initLoraWeights ? 0.02 : 1
    const A = init.normal([r, linear.inFeatures], std, options)
    const B = init.normal([linear.outFeatures, r], std, options)
    const E = noGrad(() =>
      config.initLoraWeights ? Tensor.zeros([r, 1], options) : Tensor.randn([r, 1], options),
    )
    for (const tensor of [A, B, E]) tensor.requiresGrad = true
    return new AdaLoraLinear(linear, {
      A,
      E,
      B,
      kept: Tensor.ones([r], { device, dtype: 'bool' }),
      pattern,
      scaling: config.loraAlpha / (config.initR + 1e-5),
      dropout: config.loraDropout,
    })
  },
  penalty(state: LoraState) {
    const { orthRegWeight } = state.config as AdaLoraConfig
    return orthRegWeight > 0 ? ops.mul(orthogonality(state), orthRegWeight) : null
  },
  optimizer(state: LoraState, inner: Optimizer) {
    return new RankAllocator(state, inner)
  },
  saved: pruned,
} satisfies AdapterMethod
