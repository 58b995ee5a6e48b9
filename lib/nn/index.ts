/**
 * `torch-lora/nn`: modules to build models with. They take packed batches, T tokens end to end, and are put together as
 * in PyTorch: a class that extends {@link Module}, with modules in its fields and a `forward` of operators.
 */
import '../dispose-symbols.ts'

export type { Activation } from './activation.ts'
export { type SelfAttention, selfAttention, wantedRows } from './attention.ts'
export {
  type BatchTensors,
  batchTensors,
  disposeBatch,
  type PackedBatch,
  type PositionScheme,
  type WantedRows,
} from './batch.ts'
export { Dropout, dropout } from './dropout.ts'
export { Embedding, EmbeddingLike, type EmbeddingOptions } from './embedding.ts'
export { kaimingUniform, normal } from './init.ts'
export { LayerNorm, type LayerNormOptions } from './layer-norm.ts'
export {
  type FusedGroup,
  FusingModule,
  fusedLinear,
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
