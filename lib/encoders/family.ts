import type { ClassificationLayout } from '../heads/classification.ts'
import type { LanguageLayout } from '../heads/language.ts'
import type { TensorOptions } from '../tensor.ts'
import type { ConfigReader, EncoderConfig } from './config.ts'
import type { Encoder } from './encoder.ts'

/** How a family's heads are built. */
export interface FamilyHeads {
  /** A label a sequence. */
  sequence: ClassificationLayout
  /** A label a token. */
  token: ClassificationLayout
  /** Start and end of an answer; default one Linear called "qa_outputs". */
  question?: ClassificationLayout
  /** Masked words; undefined where there is none. */
  maskedLm?: LanguageLayout
}

/** A kind of encoder: all that the rest of the library knows of it. One file, and one entry in the registry. */
export interface Family<C extends EncoderConfig = EncoderConfig> {
  /** `model_type` of its config.json. */
  readonly modelType: string
  /** How transformers begins its class names: "Roberta". */
  readonly architecture: string
  /** What a checkpoint's names of the encoder begin with: "roberta". */
  readonly prefix: string
  /**
   * transformers' class of its tokenizer, where a folder names none: "RobertaTokenizer". Undefined where all models of
   * the family have a tokenizer.json, which says it.
   */
  readonly tokenizerClass?: string | undefined
  /** What LoRA adapts when nothing is said: query and value. */
  readonly loraTargets: readonly string[]
  /**
   * What (IA)^3 scales when nothing is said: keys, values and, last, what the feed-forward puts out. Undefined where it
   * must be said.
   */
  readonly ia3Targets?: readonly string[] | undefined
  /**
   * Reads `config.json`; refuses by name what this family's forward does not follow.
   * @throws TorchLoraError INVALID_FILE, UNSUPPORTED
   */
  readConfig(reader: ConfigReader): C
  encoder(config: C, options: TensorOptions): Encoder
  /** transformers' heads, by what they are for. */
  heads(config: C): FamilyHeads
}
