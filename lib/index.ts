import './dispose-symbols.ts'

export { AdaLoraConfig, type AdaLoraConfigOptions } from './adapters/adalora-config.ts'
export { type LoadAdapterOptions, loadAdapter, saveAdapter } from './adapters/adapter.ts'
export { type AdapterName, applyAdapter, applyLora } from './adapters/apply.ts'
export { BitFitConfig, type BitFitConfigOptions } from './adapters/bitfit.ts'
export type { CombinationType } from './adapters/combination-types.ts'
export { addWeightedAdapter, type WeightedAdapterOptions } from './adapters/combine.ts'
export {
  type EvaConfig,
  type LoraBias,
  LoraConfig,
  type LoraConfigOptions,
  type LoraInit,
} from './adapters/config.ts'
export { type EvaOptions, initializeLoraEvaWeights } from './adapters/eva.ts'
export { IA3Config, type IA3ConfigOptions } from './adapters/ia3.ts'
export { LNTuningConfig } from './adapters/ln-tuning.ts'
export type { LoftQConfig } from './adapters/loftq.ts'
export { createLorafaOptimizer, type LorafaOptions } from './adapters/lora-fa.ts'
export {
  type MergeOptions,
  mergeLora,
  // Of any method: LoRA's names are the short ones.
  mergeLora as mergeAdapter,
  unloadLora,
  unloadLora as unloadAdapter,
  unmergeLora,
  unmergeLora as unmergeAdapter,
} from './adapters/merge.ts'
export {
  AdaptedLinear,
  type AdaptedModule,
  type AdapterMethod,
  type FileRanks,
  type Target as AdapterTarget,
} from './adapters/method.ts'
export {
  LayeredConfig,
  type LayeredConfigOptions,
  PeftConfig,
  type PeftConfigOptions,
} from './adapters/peft-config.ts'
export {
  activeAdapter,
  adapterNames,
  deleteAdapter,
  type LoraState as AdapterState,
  setAdapter,
} from './adapters/state.ts'
export type { MajoritySignMethod } from './adapters/task-arithmetic.ts'
export type { TrainableTokens } from './adapters/trainable-tokens.ts'
export { VeraConfig, type VeraConfigOptions } from './adapters/vera.ts'
export type { TensorSource } from './checkpoint/index.ts'
export type { Interval } from './data/bootstrap.ts'
export type { CalibrationBin } from './data/calibration.ts'
export type { ClassReport, ClassScores } from './data/class-report.ts'
export {
  type Column,
  type EncodedLabels,
  type Example,
  type ExampleFormat,
  type ExampleLabel,
  type GlueData,
  type GlueDownload,
  type GlueProgress,
  type GlueSplit,
  type GlueTask,
  type GlueTaskName,
  LabelSet,
  type LoadGlueOptions,
  loadGlue,
  type MetricName,
  packBatch,
  type ReadExamplesOptions,
  readExamples,
} from './data/index.ts'
export type { MaskingOptions, MaskingVocabulary } from './data/masking.ts'
export type { EmbeddingTables, PackBatchOptions } from './data/packing.ts'
export type { ProblemType } from './data/problem-type.ts'
export { type QuestionExample, readQuestionExamples } from './data/question-examples.ts'
export { readSimilarityExamples, type SimilarityExample } from './data/similarity-examples.ts'
export { readTextExamples, type TextExample } from './data/text-blocks.ts'
export { readTokenExamples, type TextSpan, type TokenExample, tagsOf } from './data/token-examples.ts'
export { callOperator } from './dispatch.ts'
export { distributed } from './distributed/index.ts'
export type { World } from './distributed/world.ts'
export { type ConfigBounds, ConfigReader, type EncoderConfig, readEncoderConfig } from './encoders/config.ts'
export { Encoder } from './encoders/encoder.ts'
export type { Family, FamilyHeads } from './encoders/family.ts'
export { TorchLoraError, type TorchLoraErrorCode, type TorchLoraErrorDetails } from './errors.ts'
export * as fused from './generated/fused.ts'
export * as ops from './generated/ops.ts'
export { noGrad } from './grad-mode.ts'
export { ClassificationHead, type ClassificationLayout } from './heads/classification.ts'
export { Head, type Reads } from './heads/head.ts'
export type { LanguageLayout } from './heads/language.ts'
export type { DenseLayout } from './heads/sentence.ts'
export type { HubOptions, HubProgress } from './hub/index.ts'
export { cosineSimilarity } from './inference/cosine.ts'
export type { CutCallOptions, CutFromOptions, CutOptions } from './inference/cut-options.ts'
export type { LabelScore, Prediction } from './inference/decode.ts'
export type { Aggregation, Entity } from './inference/entities.ts'
export type { ExplainOptions } from './inference/explain.ts'
export type { AttributedToken, AttributionMethod, Explanation } from './inference/explanation.ts'
export type { TextInput, TextPair } from './inference/inputs.ts'
export { type AnyTextModel, type LoadTextModelOptions, loadTextModel } from './inference/load-text-model.ts'
export type { LongText } from './inference/long-texts.ts'
export {
  type Filling,
  type FillOptions,
  type MaskedWord,
  MaskFiller,
  type MaskFillerOptions,
} from './inference/mask-filler.ts'
export type {
  AdapterDescription,
  BatchReport,
  CallOptions,
  DetokenizeOptions,
  FailedRow,
  FromOptions,
  InputToken,
  OnError,
  ServingOptions,
  StreamResult,
  StreamRowOptions,
  SwapOptions,
  TextModelOptions,
  Timings,
  TokenizeOptions,
  UnlabelledOptions,
} from './inference/options.ts'
export {
  type AnswerSpan,
  type QuestionAnswer,
  QuestionAnswerer,
  type QuestionAnswererOptions,
  type QuestionInput,
  type QuestionOptions,
} from './inference/question-answerer.ts'
export {
  type AnsweredProblem,
  type Classification,
  type ClassificationOf,
  type ClassifyOptions,
  TextClassifier,
  type TextClassifierOptions,
} from './inference/text-classifier.ts'
export {
  type EmbedOptions,
  type EmbedTokensOptions,
  TextEmbedder,
  type TextEmbedderOptions,
  type TextEmbedding,
} from './inference/text-embedder.ts'
export type { TextModel } from './inference/text-model.ts'
export {
  type RankedText,
  type RankInput,
  type Ranking,
  type RankOptions,
  TextReranker,
  type TextRerankerOptions,
} from './inference/text-reranker.ts'
export {
  type EntityLabel,
  type TaggedWord,
  type Tagging,
  type TaggingOf,
  type TagInput,
  type TagOptions,
  TokenClassifier,
  type TokenClassifierOptions,
} from './inference/token-classifier.ts'
export {
  type ZeroShotClassification,
  ZeroShotClassifier,
  type ZeroShotClassifierOptions,
  type ZeroShotOptions,
} from './inference/zero-shot-classifier.ts'
export {
  type CudaMemory,
  emptyCache,
  type Float32MatmulPrecision,
  type Memory,
  memory,
  resetPeakMemory,
  setFloat32MatmulPrecision,
  setThreads,
  useDeterministicAlgorithms,
} from './memory.ts'
export {
  AutoModel,
  AutoModelForMaskedLM,
  AutoModelForQuestionAnswering,
  AutoModelForReranking,
  AutoModelForSentenceSimilarity,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
} from './models/auto.ts'
export type { EncoderModel } from './models/encoder-model.ts'
export type { LoadReport } from './models/load.ts'
export { Model } from './models/model.ts'
export { loadReport } from './models/origin.ts'
export type {
  EncoderFromConfigOptions,
  EncoderOptions,
  FromConfigOptions,
  FromPretrainedOptions,
  TaskModelOptions,
} from './models/pretrained.ts'
export type { PretrainedModel } from './models/pretrained-model.ts'
export type { Activation } from './nn/activation.ts'
export {
  type BatchTensors,
  batchTensors,
  disposeBatch,
  type PackedBatch,
  type PositionScheme,
  type WantedRows,
} from './nn/batch.ts'
export type { Embedding, EmbeddingLike, EmbeddingOptions } from './nn/embedding.ts'
export type { LayerNorm, LayerNormOptions } from './nn/layer-norm.ts'
export type {
  Linear,
  LinearLike,
  LinearOptions,
  LowRank,
  ProductOptions,
  RowKind,
  Segment,
} from './nn/linear.ts'
export { type LoadedState, Module } from './nn/module.ts'
export type { Pooling } from './nn/pooling.ts'
export { AdamW, type AdamWOptions } from './optim/adamw.ts'
export { clipGradNorm } from './optim/clip.ts'
export { Muon, type MuonOptions } from './optim/muon.ts'
export type { NamedParameters, Optimizer, OptimizerSettings } from './optim/optimizer.ts'
export type { OptimizerFactory, OptimizerName } from './optim/registry.ts'
export type { ScheduleName, ScheduleShape } from './optim/schedule.ts'
export type { Reduction, Scalar } from './overloads.ts'
export {
  type Compilable,
  type Compiled,
  type CompileOptions,
  compile,
  type GraphReport,
  type Results,
  type RunOptions,
  type TensorTree,
} from './program.ts'
export { manualSeed, rngState, setRngState } from './random.ts'
export { recompute } from './recompute.ts'
export { scope } from './scope.ts'
export { type Answer, type AnswerOptions, decodeAnswers } from './tasks/answers.ts'
export type { ClassDetails } from './tasks/class-scores.ts'
export type { HeadLabels, HeadSaid, LabelOptions } from './tasks/label-config.ts'
export { type BlockLabels, MaskedLanguageModel, type MaskedLmOptions } from './tasks/masked-lm.ts'
export { type AnswerLabels, encodeQuestions, QuestionAnswering } from './tasks/question-answering.ts'
export { type RelevanceLabels, Reranking } from './tasks/reranking.ts'
export type { SentenceLayout, SentencePooling } from './tasks/sentence-folder.ts'
export type { SentenceLoss } from './tasks/sentence-losses.ts'
export {
  SentenceSimilarity,
  type SimilarityLabels,
  type SimilarityOptions,
} from './tasks/sentence-similarity.ts'
export { SequenceClassification, type Temperature } from './tasks/sequence-classification.ts'
export {
  type CollateOptions,
  type EncodedExamples,
  type EncodeOptions as TaskEncodeOptions,
  type LossFunction,
  type LossOptions,
  type Metrics,
  type Progress as LearningProgress,
  type SampleOf,
  type ScoreDetails,
  type Sequence,
  type Targets,
  Task,
} from './tasks/task.ts'
export { TokenClassification, type TokenLabels, type WordPlace } from './tasks/token-classification.ts'
export {
  type Device,
  type DType,
  type FromOptions as TensorFromOptions,
  type NestedNumbers,
  Tensor,
  type TensorData,
  type TensorOptions,
} from './tensor.ts'
export {
  AutoTokenizer,
  type EncodeOptions,
  type Encoding,
  type Normalization,
  type SpecialTokenName,
  type Tokenizer,
  type TokenizerInput,
  type TokenizerOptions,
  type TruncationStrategy,
  type WordsInput,
} from './tokenizer/index.ts'
export { type CalibrateOptions, calibrate } from './train/calibrate.ts'
export type { ChosenSettings } from './train/defaults.ts'
export { type EvaluateOptions, evaluate } from './train/evaluate-model.ts'
export type { EvaluationSummary, MetricsOf, TrainerEvent, TrainingSummary } from './train/events.ts'
export {
  type FoundLearningRate,
  findLearningRate,
  type LearningRateSweep,
} from './train/find-learning-rate.ts'
export type { RatePoint } from './train/learning-rates-file.ts'
export type { ModuleTrainerOptions } from './train/module-options.ts'
export type { TrainerOptions, TrainingOptions } from './train/options.ts'
export type { BaseDType } from './train/quantize-base.ts'
export type { RunSettings } from './train/run-settings.ts'
export { type RunOptions as TrainerRunOptions, Trainer, type TrainOptions } from './train/trainer.ts'
