import type { EncoderConfig } from '../encoders/config.ts'
import type { Encoder } from '../encoders/encoder.ts'
import type { Family } from '../encoders/family.ts'
import { LayerStack } from '../encoders/layer-stack.ts'
import type { BatchTensors, PositionScheme } from '../nn/batch.ts'
import { Module } from '../nn/module.ts'
import type { Device, DType, Tensor, TensorOptions } from '../tensor.ts'
import { savePretrained } from './save.ts'

/** An encoder as a checkpoint holds it, alone (`EncoderModel`) or with a head (`Model`). */
export abstract class PretrainedModel extends Module {
  readonly encoder: Encoder
  /** Parameters that were missing from the checkpoint and start fresh, by path. */
  readonly freshParameters = new Set<string>()

  constructor(
    readonly family: Family,
    readonly config: EncoderConfig,
    options: TensorOptions = {},
  ) {
    super()
    this.encoder = family.encoder(config, options)
  }

  /** transformers' name of its class: "RobertaForSequenceClassification". */
  abstract get architecture(): string

  /** What the paths of the encoder's parameters begin with: "roberta.", or nothing. */
  abstract get encoderPrefix(): string

  /** Outputs of a head, which a checkpoint may have for another number of labels; null without one. */
  abstract get headOutputs(): number | null

  /** What config.json says beyond the encoder. */
  abstract taskConfig(): Record<string, unknown>

  /** Whether the parameter at `path` is the encoder's or the head's: the one place where that is decided. */
  abstract roleOf(path: string): 'body' | 'head'

  /** What the model gives for a packed batch, a row a sequence or a token. */
  abstract forward(batch: BatchTensors): Tensor

  /** What a model file holds, by the names in it. */
  get savedModule(): Module {
    return this
  }

  /** Writes what a model's folder has beside config.json and the weights. */
  async writeBeside(_directory: string): Promise<void> {}

  /** How the family numbers positions. */
  get positions(): PositionScheme {
    return this.encoder.positions
  }

  /** The longest sequence that the model takes, in tokens, special tokens included. */
  get maxLength(): number {
    return this.encoder.maxLength
  }

  /**
   * Whether training computes a layer's activations again in the backward pass instead of keeping them: about a third
   * more work for a fraction of the memory. Values and gradients stay what they are. Set it before training begins.
   * `gradient_checkpointing_enable` and `_disable` of transformers.
   */
  setGradientCheckpointing(enabled: boolean): void {
    for (const [, module] of this.namedModules())
      if (module instanceof LayerStack) module.gradientCheckpointing = enabled
  }

  get gradientCheckpointing(): boolean {
    const stacks = [...this.namedModules()].map(([, module]) => module)
    return stacks.some((module) => module instanceof LayerStack && module.gradientCheckpointing)
  }

  /** Where the parameters are. */
  get device(): Device {
    for (const [, parameter] of this.namedParameters()) return parameter.device
    return 'cpu'
  }

  /** Of the encoder's weights. */
  get dtype(): DType {
    for (const [, parameter] of this.encoder.namedParameters()) return parameter.dtype
    return 'float32'
  }

  /**
   * Writes an ordinary Hugging Face model folder: `config.json`, `model.safetensors`, a model card (`README.md`, unless
   * there is one that somebody else wrote), and the tokenizer's files where the model was loaded from a folder that has
   * them.
   * @throws TorchLoraError INVALID_ARGUMENT when an adapter is not merged: `mergeLora` first, or `saveAdapter`
   */
  savePretrained(directory: string): Promise<void> {
    return savePretrained(this, directory)
  }
}
