export {
  type Example,
  type GlueTaskName,
  LabelSet,
  loadGlue,
  type MetricName,
  packBatch,
  readExamples,
} from './data/index.ts'
export { callOperator } from './dispatch.ts'
export { TorchLoraError, type TorchLoraErrorCode } from './errors.ts'
export * as fused from './generated/fused.ts'
export * as ops from './generated/ops.ts'
export { noGrad } from './grad-mode.ts'
export { checkpoint } from './gradient-checkpoint.ts'
export type {
  BatchReport,
  Classification,
  ClassifyOptions,
  LongText,
  TextClassifierOptions,
  Timings,
} from './inference/classifier-options.ts'
export { decodeLogits, type LabelScore, type Prediction } from './inference/decode.ts'
export type { ClassifierInput } from './inference/inputs.ts'
export { type LoadClassifierOptions, loadClassifier } from './inference/load-classifier.ts'
export { type PredictOptions, Predictor } from './inference/predictor.ts'
export { TextClassifier } from './inference/text-classifier.ts'
export { type LoadAdapterOptions, loadAdapter, saveAdapter } from './lora/adapter.ts'
export { applyLora } from './lora/apply.ts'
export { LoraConfig, type LoraConfigOptions } from './lora/config.ts'
export { mergeLora, unloadLora, unmergeLora } from './lora/merge.ts'
export {
  emptyCache,
  type Memory,
  memory,
  resetPeakMemory,
  setFloat32MatmulPrecision,
  setThreads,
} from './memory.ts'
export { AutoModelForSequenceClassification } from './models/auto.ts'
export { type BatchTensors, batchTensors, disposeBatch, type PackedBatch } from './models/batch.ts'
export { BertForSequenceClassification } from './models/bert.ts'
export { SequenceClassifier } from './models/classifier.ts'
export { DebertaV2ForSequenceClassification } from './models/deberta-v2.ts'
export { type FromPretrainedOptions, loadReport } from './models/pretrained.ts'
export { RobertaForSequenceClassification } from './models/roberta.ts'
export { Module } from './nn/module.ts'
export { AdamW, type AdamWOptions } from './optim/adamw.ts'
export { clipGradNorm } from './optim/clip.ts'
export { type Compiled, type CompileOptions, compile, type RunOptions } from './program.ts'
export { manualSeed, rngState, setRngState } from './random.ts'
export { scope } from './scope.ts'
export { type Device, type DType, Tensor } from './tensor.ts'
export {
  AutoTokenizer,
  type EncodeOptions,
  type Encoding,
  type Tokenizer,
  type TokenizerInput,
  type TokenizerOptions,
  type TruncationStrategy,
  type WordsInput,
} from './tokenizer/index.ts'
export type { TrainerEvent, TrainingSummary } from './train/events.ts'
export type { TrainerOptions } from './train/options.ts'
export { Trainer } from './train/trainer.ts'
