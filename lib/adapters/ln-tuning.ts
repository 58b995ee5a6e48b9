import type { Model } from '../models/model.ts'
import { EmbeddingLike } from '../nn/embedding.ts'
import { LayerNorm } from '../nn/layer-norm.ts'
import { Linear } from '../nn/linear.ts'
import { type AdapterMethod, withTargets } from './method.ts'
import { configFromJson, PeftConfig, type PeftConfigOptions } from './peft-config.ts'

/**
 * Which modules train in full: PEFT's `LNTuningConfig`. Default: the encoder's layer norms.
 * @throws TorchLoraError INVALID_ARGUMENT for a value outside its range
 */
export class LNTuningConfig extends PeftConfig {
  constructor(options: PeftConfigOptions = {}) {
    super(options)
    this.check(options, [])
  }

  get peftType(): string {
    return 'LN_TUNING'
  }

  /** Reads PEFT's `adapter_config.json`. @throws TorchLoraError INVALID_FILE or UNSUPPORTED */
  static fromJson(json: Readonly<Record<string, unknown>>, file: string): LNTuningConfig {
    return configFromJson(LNTuningConfig, json, { file })
  }
}

/** Trains layer norms, or other modules as they are, in copies of their own (Zhao et al., 2023). */
export const lnTuning = {
  name: 'LN tuning',
  unit: 'LayerNorm, Linear or Embedding',
  learningRate: () => 1e-3,
  copies: 'ln_tuning_layers',
  handles: (config) => config instanceof LNTuningConfig,
  complete(model: Model, config: LNTuningConfig) {
    const norms = [...model.namedModules()].flatMap(([path, module]) =>
      module instanceof LayerNorm && model.roleOf(path) === 'body' ? path.split('.').at(-1)! : [],
    )
    return withTargets(config, [...new Set(norms)])
  },
  adapts: (module) =>
    module instanceof LayerNorm || module instanceof Linear || module instanceof EmbeddingLike,
  wrap: () => null,
} satisfies AdapterMethod
