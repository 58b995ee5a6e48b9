import { families } from '../encoders/registry.ts'
import { readOptions } from '../options.ts'
import type { LabelOptions } from '../tasks/label-config.ts'
import { SequenceClassification } from '../tasks/sequence-classification.ts'
import type { Task, TaskKind } from '../tasks/task.ts'
import { TokenClassification } from '../tasks/token-classification.ts'
import type { EncoderModel } from './encoder-model.ts'
import type { Model } from './model.ts'
import {
  type EncoderFromConfigOptions,
  type EncoderOptions,
  encoderFromConfig,
  type FromConfigOptions,
  type FromPretrainedOptions,
  fromPretrainedRules,
  loadEncoder,
  loadPretrained,
  modelFromConfig,
} from './pretrained.ts'

function autoModel<T extends Task, O extends LabelOptions>(kind: TaskKind<T, O>) {
  return {
    /**
     * Loads a model of whichever family `config.json` names, from a folder or from the Hugging Face hub.
     * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE, UNSUPPORTED, NETWORK
     */
    async fromPretrained(dirOrId: string, options: FromPretrainedOptions & O = {} as O): Promise<Model<T>> {
      readOptions<FromPretrainedOptions>('fromPretrained', options, fromPretrainedRules)
      return loadPretrained(kind, dirOrId, options)
    },

    /**
     * A model with random weights, of what a `config.json` says; `from_config` of transformers.
     * @throws TorchLoraError INVALID_FILE, UNSUPPORTED
     */
    fromConfig(
      config: Readonly<Record<string, unknown>>,
      options: FromConfigOptions & O = {} as O,
    ): Model<T> {
      return modelFromConfig(kind, config, options)
    },

    /** The supported values of `model_type`. */
    modelTypes: families.map(({ modelType }) => modelType),
  }
}

/** Encoders alone, whatever head a folder has beside them; named as in transformers. */
export const AutoModel = {
  /**
   * Loads the encoder of whichever family `config.json` names, from a folder or from the Hugging Face hub. Its
   * `forward(batch)` gives transformers' `last_hidden_state`, packed: [T, H].
   * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE, UNSUPPORTED, NETWORK
   */
  fromPretrained(dirOrId: string, options: EncoderOptions = {}): Promise<EncoderModel> {
    return loadEncoder(dirOrId, options)
  },

  /**
   * An encoder with random weights, of what a `config.json` says; `from_config` of transformers.
   * @throws TorchLoraError INVALID_FILE, UNSUPPORTED
   */
  fromConfig(
    config: Readonly<Record<string, unknown>>,
    options: EncoderFromConfigOptions = {},
  ): EncoderModel {
    return encoderFromConfig(config, options)
  },

  /** The supported values of `model_type`. */
  modelTypes: families.map(({ modelType }) => modelType),
}

/** Sequence classifiers by the `model_type` of their `config.json`; named as in transformers. */
export const AutoModelForSequenceClassification = autoModel(SequenceClassification)

/** Token classifiers: a label for each word; named as in transformers. */
export const AutoModelForTokenClassification = autoModel(TokenClassification)
