import type { Model } from '../models/model.ts'
import { Linear, type Segment } from '../nn/linear.ts'
import { Tensor } from '../tensor.ts'
import { LoraConfig } from './config.ts'
import { LoraLinear } from './lora.ts'
import type { AdapterMethod } from './method.ts'
import { PeftConfig, type PeftConfigOptions } from './peft-config.ts'

/** The options of {@link BitFitConfig}: it has no targets. */
export type BitFitConfigOptions = Pick<PeftConfigOptions, 'modulesToSave' | 'baseModelNameOrPath'>

/**
 * Trains every bias and nothing else of the encoder (Ben Zaken et al., 2022). PEFT has no method of that name: its
 * files hold a LoRA adapter with `bias: "all"` whose one update, of rank 1, is zero.
 * @throws TorchLoraError INVALID_ARGUMENT for a value outside its range
 */
export class BitFitConfig extends PeftConfig {
  constructor(options: BitFitConfigOptions = {}) {
    super(options)
    this.check(options, [])
  }

  get peftType(): string {
    return 'LORA'
  }

  /** Of the file that `toJson` wrote, which only this library tells from LoRA's. */
  static fromLora({ targetModules, modulesToSave, baseModelNameOrPath }: LoraConfig): BitFitConfig {
    return new BitFitConfig({ baseModelNameOrPath, modulesToSave }).with({ targetModules })
  }

  override get trainedBiases(): 'all' {
    return 'all'
  }

  override toJson(taskType: string | null): Record<string, unknown> {
    return new LoraConfig({ ...this, r: 1, loraAlpha: 1, bias: 'all' }).toJson(taskType)
  }
}

/** A Linear as it is, with an update for PEFT's file that is zero and stays so. */
class UnchangedLinear extends LoraLinear {
  override segment(): Segment {
    return { weight: this.weight, bias: this.bias, lowRank: null }
  }
}

export const bitfit = {
  name: 'BitFit',
  unit: 'Linear',
  learningRate: () => 1e-3,
  mark: 'BitFit',
  handles: (config) => config instanceof BitFitConfig,
  complete(model: Model, config: BitFitConfig) {
    if (config.targetModules !== null) return config
    const { loraTargets } = model.family
    for (const [path, module] of model.namedModules())
      if (module instanceof Linear && loraTargets.some((name) => path.endsWith(`.${name}`)))
        return config.with({ targetModules: [path] })
    return config.with({ targetModules: loraTargets })
  },
  adapts: (module) => module instanceof Linear,
  wrap(linear: Linear) {
    const { device } = linear.weight
    const A = Tensor.zeros([1, linear.inFeatures], { device })
    const B = Tensor.zeros([linear.outFeatures, 1], { device })
    return new UnchangedLinear(linear, { A, B, scaling: 1, dropout: 0 })
  },
} satisfies AdapterMethod
