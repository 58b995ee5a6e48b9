import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { Model } from '../models/model.ts'
import { Linear, type LowRank, type Segment } from '../nn/linear.ts'
import type { Module } from '../nn/module.ts'
import { withSeed } from '../random.ts'
import { Tensor } from '../tensor.ts'
import { fullDType } from '../weight-dtype.ts'
import { numberProblem, rankProblem, switchProblem } from './config-checks.ts'
import { lowRankDelta } from './lora-delta.ts'
import { AdaptedLinear, type AdapterMethod, type Target, withTargets } from './method.ts'
import { biasProblem, configFromJson, LayeredConfig, type LayeredConfigOptions } from './peft-config.ts'

/** PEFT's `VeraConfig` in camelCase; every field is optional. */
export interface VeraConfigOptions extends LayeredConfigOptions {
  /** Rank of the shared projections. Default 256. */
  r?: number | undefined
  /** The seed of the shared projections, and of a file's that does not hold them. Default 0. */
  projectionPrngKey?: number | undefined
  /** Write the shared projections to the file too. Default true. */
  saveProjection?: boolean | undefined
  /** Probability of dropping an element on the way into A, while training. Default 0. */
  veraDropout?: number | undefined
  /** What every d starts from. Default 0.1. */
  dInitial?: number | undefined
  bias?: 'none' | 'all' | 'vera_only' | undefined
  /** Start b from zeros and d from dInitial; false starts from ones and normal numbers. Default true. */
  initWeights?: boolean | undefined
}

/**
 * What VeRA adapts and how: PEFT's `VeraConfig`.
 * @throws TorchLoraError INVALID_ARGUMENT for a value outside its range
 */
export class VeraConfig extends LayeredConfig {
  readonly r: number
  readonly projectionPrngKey: number
  readonly saveProjection: boolean
  readonly veraDropout: number
  readonly dInitial: number
  readonly bias: 'none' | 'all' | 'vera_only'
  readonly initWeights: boolean

  constructor(options: VeraConfigOptions = {}) {
    super(options)
    this.r = options.r ?? 256
    this.projectionPrngKey = options.projectionPrngKey ?? 0
    this.saveProjection = options.saveProjection ?? true
    this.veraDropout = options.veraDropout ?? 0
    this.dInitial = options.dInitial ?? 0.1
    this.bias = options.bias ?? 'none'
    this.initWeights = options.initWeights ?? true
    this.check(options, [
      ...rankProblem('r', this.r),
      ...numberProblem('projectionPrngKey', this.projectionPrngKey, { whole: true }),
      ...switchProblem('saveProjection', this.saveProjection),
      ...numberProblem('veraDropout', this.veraDropout, { below: 1 }),
      ...numberProblem('dInitial', this.dInitial, { least: Number.NEGATIVE_INFINITY }),
      ...biasProblem(this.bias, 'vera_only'),
      ...switchProblem('initWeights', this.initWeights),
    ])
  }

  get peftType(): string {
    return 'VERA'
  }

  override get trainedBiases(): 'none' | 'all' | 'adapted' {
    return this.bias === 'vera_only' ? 'adapted' : this.bias
  }

  /** Reads PEFT's `adapter_config.json`. @throws TorchLoraError INVALID_FILE or UNSUPPORTED */
  static fromJson(json: Readonly<Record<string, unknown>>, file: string): VeraConfig {
    return configFromJson(VeraConfig, json, { file })
  }
}

/** The shared projections by their names in files: A [R, most in], B [most out, R]. */
const [sharedA, sharedB] = ['base_model.vera_A', 'base_model.vera_B']

interface Vectors {
  /** [out] */
  b: Tensor
  /** [R] */
  d: Tensor
  dropout: number
}

/** y = x W^T + b * (d * dropout(x) A^T) B^T of frozen, shared A and B (Kopiczko et al., 2024, equation 2). */
class VeraLinear extends AdaptedLinear {
  constructor(
    base: Linear,
    readonly vectors: Vectors,
    readonly shared: ReadonlyMap<string, Tensor>,
  ) {
    super(base)
  }

  override adapterParameters(): [name: string, parameter: Tensor][] {
    return [
      ['vera_lambda_b', this.vectors.b],
      ['vera_lambda_d', this.vectors.d],
    ]
  }

  /** Its own part of the shared matrices, with the vectors multiplied in. */
  lowRank(): LowRank {
    const { b, d } = this.vectors
    const A = ops.slice(this.shared.get(sharedA)!, { dim: 1, end: this.inFeatures }) // [R, in]
    const B = ops.slice(this.shared.get(sharedB)!, { dim: 0, end: this.outFeatures }) // [out, R]
    return {
      A: ops.mul(ops.unsqueeze(d, 1), A), // [R, in]
      B: ops.mul(ops.unsqueeze(b, 1), B), // [out, R]
      scaling: 1,
      dropout: 0,
    }
  }

  segment(): Segment {
    const dropout = this.training ? this.vectors.dropout : 0
    return { weight: this.weight, bias: this.bias, lowRank: { ...this.lowRank(), dropout } }
  }

  effectiveWeight(): Tensor {
    return ops.add(this.weight, lowRankDelta(this.lowRank()).to({ dtype: this.weight.dtype })) // [out, in]
  }
}

/** Numbers of PEFT's generator, uniform in +-sqrt(6 / columns): kaiming-uniform. The state of ours is left as it was. */
function projections(shapes: [rows: number, columns: number][], seed: number): Tensor[] {
  return withSeed(seed, () =>
    shapes.map((shape) => {
      const bound = Math.sqrt(3) * (Math.SQRT2 / Math.sqrt(shape[1]))
      return noGrad(() => ops.uniform_(Tensor.zeros(shape), { from: -bound, to: bound }))
    }),
  )
}

export const vera = {
  name: 'VeRA',
  unit: 'Linear',
  learningRate: () => 4e-3,
  ranks: (config: VeraConfig) => ({
    tensor: /^(.*)\.vera_lambda_d$/,
    dimensions: 1,
    rankOf: () => config.r,
    bound: (most) => config.with({ r: Math.min(config.r, most) }),
  }),
  handles: (config) => config instanceof VeraConfig,
  complete: ({ family }: Model, config: VeraConfig) => withTargets(config, family.loraTargets),
  adapts: (module) => module instanceof Linear,
  share(modules: ReadonlyMap<string, Module>, { r, projectionPrngKey }: VeraConfig) {
    const linears = [...modules.values()] as Linear[]
    const [inFeatures, outFeatures] = [
      Math.max(...linears.map((linear) => linear.inFeatures)),
      Math.max(...linears.map((linear) => linear.outFeatures)),
    ]
    const drawn = projections(
      [
        [r, inFeatures],
        [outFeatures, r],
      ],
      projectionPrngKey,
    )
    const { device, dtype } = linears[0]!.weight
    const [A, B] = drawn.map((tensor) => tensor.to({ device, dtype: fullDType(dtype) }))
    return new Map([
      [sharedA, A!],
      [sharedB, B!],
    ])
  },
  isSaved: (name: string, config: VeraConfig) =>
    config.saveProjection || (name !== sharedA && name !== sharedB),
  wrap(linear: Linear, { config, shared }: Target<VeraConfig>) {
    const { r, dInitial, veraDropout, initWeights } = config
    const { device, dtype } = shared.get(sharedA)!
    const options = { device, dtype }
    const b = initWeights
      ? Tensor.zeros([linear.outFeatures], options)
      : Tensor.ones([linear.outFeatures], options)
    const d = initWeights ? Tensor.full([r], dInitial, options) : noGrad(() => Tensor.randn([r], options))
    b.requiresGrad = true
    d.requiresGrad = true
    return new VeraLinear(linear, { b, d, dropout: veraDropout }, shared)
  },
} satisfies AdapterMethod
