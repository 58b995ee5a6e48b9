export { padToBucket } from './buckets.ts'
export {
  type Column,
  type Example,
  type ExampleFormat,
  type ExampleLabel,
  type ReadExamplesOptions,
  readExamples,
} from './examples.ts'
export { type GlueData, type LoadGlueOptions, loadGlue } from './glue.ts'
export type { GlueProgress } from './glue-download.ts'
export { writeGluePredictions } from './glue-predictions.ts'
export {
  type GlueDownload,
  type GlueSplit,
  type GlueTask,
  type GlueTaskName,
  glueTask,
  glueTaskNames,
} from './glue-tasks.ts'
export { type EncodedLabels, LabelSet } from './labels.ts'
export type { MetricName } from './metrics.ts'
export { packBatch, sequenceLengths } from './packing.ts'
export { Random, type RandomState } from './random.ts'
export {
  BatchSampler,
  type BatchSamplerOptions,
  type BatchSamplerState,
  evaluationBatches,
} from './sampler.ts'
