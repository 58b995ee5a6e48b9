import { families } from '../encoders/registry.ts'
import { readOptions } from '../options.ts'
import type { LabelOptions } from '../tasks/label-config.ts'
import { MaskedLanguageModel, type MaskedLmOptions } from '../tasks/masked-lm.ts'
import { QuestionAnswering } from '../tasks/question-answering.ts'
import { Reranking } from '../tasks/reranking.ts'
import { SentenceSimilarity, type SimilarityOptions } from '../tasks/sentence-similarity.ts'
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
  loadForTask,
  loadPretrained,
  modelFromConfig,
  type TaskModelOptions,
} from './pretrained.ts'

function autoModel<T extends Task, O extends LabelOptions>(kind: TaskKind<T, O>) {
  return {
    /**
     * Loads a model of whichever family `config.json` names, from a folder or from the Hugging Face hub.
     * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE, UNSUPPORTED, NETWORK
     */
    async fromPretrained(dirOrId: string, options: FromPretrainedOptions & O = {} as O): Promise<Model<T>> {
      readOptions<FromPretrainedOptions>('fromPretrained', options, { ...fromPretrainedRules, ...kind.rules })
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

/**
 * Loads the encoder of whichever family `config.json` names, from a folder or from the Hugging Face hub. Its
 * `forward(batch)` gives transformers' `last_hidden_state`, packed: [T, H]. With a `task` it comes with the task's head,
 * as a model that a Trainer trains.
 * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE, UNSUPPORTED, NETWORK
 */
function fromPretrained(dirOrId: string, options?: EncoderOptions): Promise<EncoderModel>
function fromPretrained<T extends Task>(dirOrId: string, options: TaskModelOptions<T>): Promise<Model<T>>
function fromPretrained(
  dirOrId: string,
  options: EncoderOptions | TaskModelOptions<Task> = {},
): Promise<EncoderModel | Model> {
  return options !== null && 'task' in options ? loadForTask(dirOrId, options) : loadEncoder(dirOrId, options)
}

/** Encoders alone, or with a task that is given, whatever head a folder has beside them; named as in transformers. */
export const AutoModel = {
  fromPretrained,

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

/** Encoders that answer questions from a text; named as in transformers. */
export const AutoModelForQuestionAnswering = autoModel(QuestionAnswering)

/** Encoders that give a text a vector: folders of sentence-transformers, or plain ones, with mean pooling. */
export const AutoModelForSentenceSimilarity = autoModel<SentenceSimilarity, SimilarityOptions>(
  SentenceSimilarity,
)

/** Cross-encoders: how well a text answers a query. */
export const AutoModelForReranking = autoModel(Reranking)

/** Encoders that find hidden words; named as in transformers. */
export const AutoModelForMaskedLM = autoModel<MaskedLanguageModel, MaskedLmOptions>(MaskedLanguageModel)

/** Token classifiers: a label for each word; named as in transformers. */
export const AutoModelForTokenClassification = autoModel(TokenClassification)
