import { computeMetrics, type EncodedLabels, type MetricName, multiLabelMetrics } from '../data/index.ts'
import { argmax, softmax } from '../inference/decode.ts'
import type { PredictOptions, Predictor } from '../inference/predictor.ts'
import type { ProblemType } from '../models/config.ts'
import type { Encoding } from '../tokenizer/index.ts'

/** Encoded texts with their labels as numbers. */
export interface EncodedExamples {
  encodings: readonly Encoding[]
  labels: EncodedLabels
}

/** `loss` and the metrics asked for, by name. */
export type Metrics = Record<string, number>

/** What is reported when nothing is asked for; the first chooses the best model. */
export function defaultMetrics(problemType: ProblemType): readonly MetricName[] {
  return problemType === 'regression' ? ['pearson', 'spearmanr'] : ['accuracy']
}

/** Mean loss and metrics of a model over labelled examples. */
export async function evaluateExamples(
  predictor: Predictor,
  { encodings, labels }: EncodedExamples,
  metrics: readonly MetricName[],
  options: PredictOptions = {},
): Promise<Metrics> {
  const { config } = predictor.model
  const logits = await predictor.logits(encodings, options)
  return scoreLogits(logits, labels, config.problemType, config.labels.length, metrics)
}

/**
 * Mean loss and metrics of logits [n, width].
 * @param labels class ids [n], 0 and 1 [n, width], or scores [n]
 */
export function scoreLogits(
  logits: Float32Array,
  { values }: EncodedLabels,
  problemType: ProblemType,
  width: number,
  metrics: readonly MetricName[],
): Metrics {
  const count = logits.length / width
  const row = (i: number) => logits.subarray(i * width, (i + 1) * width)
  switch (problemType) {
    case 'regression': {
      const squared = Array.from(logits, (value, i) => (value - values[i]!) ** 2)
      return { loss: mean(squared), ...computeMetrics(metrics, logits, values) }
    }
    case 'multi_label_classification': {
      // -log sigmoid(x) for 1 and -log sigmoid(-x) for 0, without overflow
      const losses = Array.from(
        logits,
        (x, i) => Math.max(x, 0) - x * values[i]! + Math.log1p(Math.exp(-Math.abs(x))),
      )
      const predictions = Array.from(logits, (x) => (x > 0 ? 1 : 0))
      return { loss: mean(losses), ...multiLabelMetrics(predictions, values, width) }
    }
    case 'single_label_classification': {
      const losses = Array.from({ length: count }, (_, i) => -Math.log(softmax(row(i))[values[i]!]!))
      const predictions = Array.from({ length: count }, (_, i) => argmax(row(i)))
      return { loss: mean(losses), ...computeMetrics(metrics, predictions, values) }
    }
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
