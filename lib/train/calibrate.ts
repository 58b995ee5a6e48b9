import { TorchLoraError } from '../errors.ts'
import { Predictor } from '../inference/predictor.ts'
import { encodeExamples } from '../models/encode-examples.ts'
import { readOptions } from '../options.ts'
import { SequenceClassification, type Temperature } from '../tasks/sequence-classification.ts'
import type { SampleOf, Task } from '../tasks/task.ts'
import { type EvaluateOptions, evaluateRules } from './evaluate-model.ts'

/** What {@link calibrate} fits, and by what. */
export interface CalibrateOptions
  extends Omit<EvaluateOptions<SequenceClassification>, 'metrics' | 'examples' | 'group'> {
  /** Labelled, and none that the model was trained on: of those it is surer than it should be. */
  examples: readonly SampleOf<SequenceClassification>[]
}

const { metrics: _, group: __, ...rules } = evaluateRules

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
  const { model, maxBatchTokens, signal } = readOptions('calibrate', options, rules)
  requireClasses(model.task)
  const { encodings, labels } = await encodeExamples(options)
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
