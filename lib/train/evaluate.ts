import type { PredictOptions, Predictor } from '../inference/predictor.ts'
import type { EncodedExamples, Metrics } from '../tasks/task.ts'

/** Mean loss and metrics of a model over labelled examples. */
export async function evaluateExamples(
  predictor: Predictor,
  { encodings, labels }: EncodedExamples,
  metrics: readonly string[],
  options: PredictOptions = {},
): Promise<Metrics> {
  const outputs = await predictor.outputs(encodings, options)
  return predictor.model.task.score(outputs, labels, metrics)
}
