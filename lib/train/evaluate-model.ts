import { groupOf, type World } from '../distributed/world.ts'
import { Predictor } from '../inference/predictor.ts'
import { encodeExamples, modelRules } from '../models/encode-examples.ts'
import type { Model } from '../models/model.ts'
import { list, type Rules, readOptions, signal, whole } from '../options.ts'
import type { SampleOf, Task } from '../tasks/task.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
import { evaluateExamples } from './evaluate.ts'
import type { MetricsOf } from './events.ts'
import { trainingRules } from './options.ts'

/** What {@link evaluate} measures, and on what. */
export interface EvaluateOptions<T extends Task = Task, M extends string = string> {
  /** An adapter on it counts, merged or not. */
  model: Model<T>
  tokenizer: Tokenizer
  examples: readonly SampleOf<T>[]
  /** Of `model.task.metricNames`. Default: `model.task.defaultMetrics`. */
  metrics?: readonly M[] | undefined
  /** Tokens of a text at most. Default: what the model takes. */
  maxLength?: number | undefined
  /** Tokens a batch at most. Default 4096. */
  maxBatchTokens?: number | undefined
  /** The processes among which the examples are dealt out; as in {@link TrainingOptions}. */
  group?: World | undefined
  signal?: AbortSignal | undefined
}

/** What {@link EvaluateOptions} may be. */
export const evaluateRules: Rules<EvaluateOptions> = {
  ...modelRules,
  examples: list('examples', 1),
  metrics: list('names of metrics'),
  maxLength: whole(1),
  maxBatchTokens: whole(1),
  group: trainingRules.group,
  signal,
}

/**
 * The mean loss and metrics of a model over labelled examples, off the main thread, dropout off.
 * @throws TorchLoraError INVALID_ARGUMENT, a metric that the task has not included; INCOMPATIBLE for labels that are not
 * the model's; ABORTED, OUT_OF_MEMORY, NATIVE
 */
export async function evaluate<T extends Task, const M extends string = string>(
  options: EvaluateOptions<T, M>,
): Promise<MetricsOf<M>> {
  readOptions('evaluate', options as unknown as EvaluateOptions, evaluateRules)
  const { model, examples, maxBatchTokens, signal } = options
  const group = groupOf('evaluate', options.group)
  const metrics = model.task.chooseMetrics(examples, options.metrics)
  const encoded = await encodeExamples(options)
  using predictor = new Predictor(model)
  const measured = await evaluateExamples(predictor, encoded, metrics, {
    maxBatchTokens,
    signal,
    group,
  })
  return measured.metrics as MetricsOf<M>
}
