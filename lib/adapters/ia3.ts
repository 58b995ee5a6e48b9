import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { Model } from '../models/model.ts'
import { fusedSegments, Linear } from '../nn/linear.ts'
import { Tensor } from '../tensor.ts'
import { fullDType } from '../weight-dtype.ts'
import { namesProblem, switchProblem } from './config-checks.ts'
import { AdaptedLinear, type AdapterMethod, noDefault, type Target, withTargets } from './method.ts'
import { configFromJson, PeftConfig, type PeftConfigOptions } from './peft-config.ts'
import { isFeedforward } from './targets.ts'

/** PEFT's `IA3Config` in camelCase; every field is optional. */
export interface IA3ConfigOptions extends PeftConfigOptions {
  /**
   * Those of targetModules whose input is scaled instead of their output: names that a path ends with, or a regular
   * expression that a whole path matches. Default: the family's.
   */
  feedforwardModules?: readonly string[] | string | null | undefined
  /** Start from ones, so that outputs do not change; false starts from normal numbers. Default true. */
  initIa3Weights?: boolean | undefined
}

/**
 * What (IA)^3 scales: PEFT's `IA3Config`.
 * @throws TorchLoraError INVALID_ARGUMENT for a value outside its range
 */
export class IA3Config extends PeftConfig {
  readonly feedforwardModules: readonly string[] | string | null
  readonly initIa3Weights: boolean

  constructor(options: IA3ConfigOptions = {}) {
    super(options)
    this.feedforwardModules = options.feedforwardModules ?? null
    this.initIa3Weights = options.initIa3Weights ?? true
    const { targetModules, feedforwardModules } = this
    const strays =
      Array.isArray(targetModules) && Array.isArray(feedforwardModules)
        ? feedforwardModules.filter((name) => !targetModules.includes(name))
        : []
    this.check(options, [
      ...namesProblem('feedforwardModules', feedforwardModules, { expression: true }),
      ...switchProblem('initIa3Weights', this.initIa3Weights),
      ...strays.map((name) => `feedforwardModules must be of targetModules, '${name}' is none of them`),
    ])
  }

  get peftType(): string {
    return 'IA3'
  }

  /** Reads PEFT's `adapter_config.json`. @throws TorchLoraError INVALID_FILE or UNSUPPORTED */
  static fromJson(json: Readonly<Record<string, unknown>>, file: string): IA3Config {
    return configFromJson(IA3Config, json, { file })
  }
}

/** y = l * (x W^T + b), or y = (l * x) W^T + b for a feed-forward module (Liu et al., 2022, section 3.3). */
class IA3Linear extends AdaptedLinear {
  /** @param scale l: [out, 1], or [1, in] of a feed-forward module */
  constructor(
    base: Linear,
    readonly scale: Tensor,
    readonly feedforward: boolean,
  ) {
    super(base)
  }

  override adapterParameters(): [name: string, parameter: Tensor][] {
    return [['ia3_l', this.scale]]
  }

  /** What is scaled is the input or the whole output, for which the fused operator has no place. */
  segment(): null {
    return null
  }

  lowRank(): null {
    return null
  }

  override compute(x: Tensor): Tensor {
    const { weight, bias } = this
    const scale = ops.reshape(this.scale, [-1]) // [in] or [out]
    if (!this.feedforward) {
      const y = fusedSegments(x, [{ weight, bias, lowRank: null }]) // [T, out]
      return ops.mul(y, scale).to({ dtype: weight.dtype }) // [T, out]
    }
    const scaled = ops.mul(x, scale).to({ dtype: weight.dtype }) // [T, in]
    return fusedSegments(scaled, [{ weight, bias, lowRank: null }]) // [T, out]
  }

  effectiveWeight(): Tensor {
    return ops.mul(this.weight, this.scale).to({ dtype: this.weight.dtype }) // [out, in]
  }

  override mergedParameters(): Record<string, Tensor> {
    const { bias } = this
    const weight = this.effectiveWeight()
    if (this.feedforward || !bias) return { weight }
    return { weight, bias: ops.mul(bias, ops.reshape(this.scale, [-1])).to({ dtype: bias.dtype }) }
  }
}

export const ia3 = {
  name: 'IA3',
  unit: 'Linear',
  learningRate: () => 4e-3,
  handles: (config) => config instanceof IA3Config,
  complete(model: Model, config: IA3Config) {
    const known = model.family.ia3Targets
    const { feedforwardModules } = config
    if (!known && (config.targetModules === null || feedforwardModules === null))
      throw noDefault(model, 'IA3', 'targetModules and feedforwardModules')
    return withTargets(config, known ?? []).with({
      feedforwardModules: feedforwardModules ?? known!.slice(-1),
    })
  },
  adapts: (module) => module instanceof Linear,
  wrap(linear: Linear, { path, config }: Target<IA3Config>) {
    const feedforward = isFeedforward(config.feedforwardModules!, path)
    const shape = feedforward ? [1, linear.inFeatures] : [linear.outFeatures, 1]
    const { device, dtype: weights } = linear.weight
    const options = { device, dtype: fullDType(weights) }
    const scale = noGrad(() =>
      config.initIa3Weights ? Tensor.ones(shape, options) : Tensor.randn(shape, options),
    )
    scale.requiresGrad = true
    return new IA3Linear(linear, scale, feedforward)
  },
} satisfies AdapterMethod
