import { TorchLoraError } from '../errors.ts'
import { Predictor } from '../inference/predictor.ts'
import { Model } from '../models/model.ts'
import { list, object, type Rules, readOptions, signal, whole } from '../options.ts'
import { SequenceClassification, type Temperature } from '../tasks/sequence-classification.ts'
import type { SampleOf, Task } from '../tasks/task.ts'
import type { Tokenizer } from '../tokenizer/index.ts'

/** What {@link calibrate} fits, and by what. */
export interface CalibrateOptions {
  /** An adapter on it counts, merged or not. */
  model: Model<SequenceClassification>
  tokenizer: Tokenizer
  /** Labelled, and none that the model was trained on: of those it is surer than it should be. */
  examples: readonly SampleOf<SequenceClassification>[]
  /** Tokens of a text at most. Default: what the model takes. */
  maxLength?: number | undefined
  /** Tokens a batch at most. Default 4096. */
  maxBatchTokens?: number | undefined
  signal?: AbortSignal | undefined
}

const rules: Rules<CalibrateOptions> = {
  model: (value) => (value instanceof Model ? undefined : "a model, of AutoModelFor...'s fromPretrained"),
  tokenizer: object("a tokenizer, of AutoTokenizer's fromPretrained"),
  examples: list('examples', 1),
  maxLength: whole(1),
  maxBatchTokens: whole(1),
  signal,
}

/**
 * Fits a temperature by which a classifier's outputs are divided before they become probabilities, and sets it:
 * `model.task.temperature`. What a label scores changes, which label scores highest does not. `savePretrained` keeps it in
 * config.json (`calibration_temperature`), `saveAdapter` in the metadata of the adapter's tensors; `TextClassifier` and
 * `evaluate` apply it. Training sets it back to 1.
 * @returns the temperature and the calibration error (ECE) of the examples without it and with it. Where all answers are
 * right, or none better than a guess, nothing can be fitted: the temperature is 1 then, and both errors are the same
 * @throws TorchLoraError INVALID_ARGUMENT for a model without classes; INCOMPATIBLE for labels that are not the model's;
 * ABORTED, OUT_OF_MEMORY, NATIVE
 */
export async function calibrate(options: CalibrateOptions): Promise<Temperature> {
  readOptions('calibrate', options, rules)
  const { model, tokenizer, examples, maxBatchTokens, signal } = options
  requireClasses(model.task)
  const { encodings, labels } = await model.task.encode(examples, tokenizer, {
    maxLength: Math.min(options.maxLength ?? model.maxLength, model.maxLength),
  })
  using predictor = new Predictor(model)
  return model.task.calibrate(await predictor.outputs(encodings, { maxBatchTokens, signal }), labels)
}

/** @throws TorchLoraError INVALID_ARGUMENT for a task whose outputs are no probabilities of labels */
export function requireClasses(task: Task): void {
  if (task instanceof SequenceClassification && task.problemType !== 'regression') return
  const what = task instanceof SequenceClassification ? 'a score' : task.name
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `calibrate: ${what} has no probabilities of labels to calibrate; it is for classifiers of texts.`,
  )
}
