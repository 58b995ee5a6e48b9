import type { ClassificationLayout } from '../heads/classification.ts'
import type { TensorOptions } from '../tensor.ts'
import type { ConfigReader, EncoderConfig } from './config.ts'
import type { Encoder } from './encoder.ts'

/** A kind of encoder: all that the rest of the library knows of it. One file, and one entry in the registry. */
export interface Family<C extends EncoderConfig = EncoderConfig> {
  /** `model_type` of its config.json. */
  readonly modelType: string
  /** How transformers begins its class names: "Roberta". */
  readonly architecture: string
  /** What a checkpoint's names of the encoder begin with: "roberta". */
  readonly prefix: string
  /** What LoRA adapts when nothing is said: query and value. */
  readonly loraTargets: readonly string[]
  /**
   * Reads `config.json`; refuses by name what this family's forward does not follow.
   * @throws TorchLoraError INVALID_FILE, UNSUPPORTED
   */
  readConfig(reader: ConfigReader): C
  encoder(config: C, options: TensorOptions): Encoder
  /** transformers' heads for a label a sequence, and for a label a token. */
  heads(config: C): { sequence: ClassificationLayout; token: ClassificationLayout }
}
