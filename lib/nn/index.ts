/**
 * `torch-lora/nn`: modules to build models with. They take packed batches, T tokens end to end, and are put together as
 * in PyTorch: a class that extends {@link Module}, with modules in its fields and a `forward` of operators.
 */
import '../dispose-symbols.ts'

export {
  type BatchTensors,
  batchTensors,
  disposeBatch,
  type PackedBatch,
  type PositionScheme,
} from './batch.ts'
export { Dropout, dropout } from './dropout.ts'
export { Embedding, type EmbeddingOptions } from './embedding.ts'
export { kaimingUniform, normal } from './init.ts'
export { LayerNorm } from './layer-norm.ts'
export {
  Linear,
  LinearLike,
  type LinearOptions,
  type LowRank,
  type ProductOptions,
  type RowKind,
  type Segment,
} from './linear.ts'
export { type LoadedState, Module } from './module.ts'
export { ModuleList } from './module-list.ts'
