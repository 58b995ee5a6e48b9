import { type PredictOptions, Predictor } from '../inference/predictor.ts'
import type { Model } from '../models/model.ts'
import type { EncodedExamples } from '../tasks/task.ts'
import {
  type DescribeOptions,
  describeEvaluation,
  type EvaluationFile,
  type WrongAnswer,
} from './evaluation-file.ts'
import { measureExamples } from './measure.ts'

/** What is measured, and how a model runs meanwhile. */
export interface MeasuredOptions extends DescribeOptions, PredictOptions {
  cudaGraphs?: boolean | undefined
}

/**
 * All that there is to say of a model on labelled examples, and every wrong answer, the most confident first: of a task
 * whose outputs are too large to keep the metrics alone.
 * @param encoded of `options.examples`
 * @throws TorchLoraError ABORTED, OUT_OF_MEMORY, NATIVE
 */
export async function measured(
  model: Model,
  encoded: EncodedExamples,
  { examples, metrics, cudaGraphs, ...running }: MeasuredOptions,
): Promise<{ evaluation: EvaluationFile; wrong: WrongAnswer[] }> {
  const { task } = model
  if (task.addsUp) {
    const found = await measureExamples(model, encoded, metrics, running)
    return { evaluation: { examples: examples.length, metrics: { ...found } }, wrong: [] }
  }
  using predictor = new Predictor(model, { cudaGraphs })
  const outputs = await predictor.outputs(encoded.encodings, running)
  return describeEvaluation(task, { outputs, labels: encoded.labels }, { examples, metrics })
}
