// Written by scripts/generate-ops.ts from libtorch's schemas. Change lib/ops.list.ts and run `npm run generate`.
import { operator } from '../dispatch.ts'
import '../tensor.ts'
import type { Tensor } from '../tensor.ts'

/** `lora::embedding(Tensor weight, Tensor indices) -> Tensor` */
export function embedding(weight: Tensor, indices: Tensor): Tensor {
  return operator('lora::embedding').call([weight, indices]) as Tensor
}

/** `lora::linear(Tensor x, Tensor[] weight, Tensor[] bias, Tensor?[] lora_A, Tensor?[] lora_B, float[] scaling, float dropout_p=0., Tensor? packed=None, Tensor? packed_t=None) -> Tensor` */
export function linear(x: Tensor, weight: readonly Tensor[], bias: readonly Tensor[], lora_A: readonly (Tensor | null)[], lora_B: readonly (Tensor | null)[], scaling: readonly number[], options: { dropoutP?: number; packed?: Tensor | null; packedT?: Tensor | null } = {}): Tensor {
  return operator('lora::linear').call([x, weight, bias, lora_A, lora_B, scaling, options.dropoutP, options.packed, options.packedT]) as Tensor
}

/** `lora::linear_gelu(Tensor x, Tensor[] weight, Tensor[] bias, Tensor?[] lora_A, Tensor?[] lora_B, float[] scaling, float dropout_p=0., Tensor? packed=None, Tensor? packed_t=None) -> Tensor` */
export function linearGelu(x: Tensor, weight: readonly Tensor[], bias: readonly Tensor[], lora_A: readonly (Tensor | null)[], lora_B: readonly (Tensor | null)[], scaling: readonly number[], options: { dropoutP?: number; packed?: Tensor | null; packedT?: Tensor | null } = {}): Tensor {
  return operator('lora::linear_gelu').call([x, weight, bias, lora_A, lora_B, scaling, options.dropoutP, options.packed, options.packedT]) as Tensor
}

/** `lora::prepack_linear(Tensor[] weight, bool transpose) -> Tensor` */
export function prepackLinear(weight: readonly Tensor[], transpose: boolean): Tensor {
  return operator('lora::prepack_linear').call([weight, transpose]) as Tensor
}

/** `lora::linear_int8(Tensor x, Tensor packed, int[] out, Tensor[] bias, bool gelu=False) -> Tensor` */
export function linearInt8(x: Tensor, packed: Tensor, out_: readonly number[], bias: readonly Tensor[], options: { gelu?: boolean } = {}): Tensor {
  return operator('lora::linear_int8').call([x, packed, out_, bias, options.gelu]) as Tensor
}

/** `lora::prepack_linear_int8(Tensor[] weight) -> Tensor` */
export function prepackLinearInt8(weight: readonly Tensor[]): Tensor {
  return operator('lora::prepack_linear_int8').call([weight]) as Tensor
}

/** `lora::varlen_attention(Tensor qkv, Tensor cu_seqlens, Tensor max_seqlen, float dropout_p=0., float? scale=None) -> Tensor` */
export function varlenAttention(qkv: Tensor, cuSeqlens: Tensor, maxSeqlen: Tensor, options: { dropoutP?: number; scale?: number | null } = {}): Tensor {
  return operator('lora::varlen_attention').call([qkv, cuSeqlens, maxSeqlen, options.dropoutP, options.scale]) as Tensor
}

/** `lora::first_token_attention(Tensor x, Tensor query, Tensor key, Tensor value, Tensor? value_bias, Tensor cu_seqlens, Tensor max_seqlen, float? scale=None) -> Tensor` */
export function firstTokenAttention(x: Tensor, query: Tensor, key: Tensor, value: Tensor, valueBias: Tensor | null, cuSeqlens: Tensor, maxSeqlen: Tensor, options: { scale?: number | null } = {}): Tensor {
  return operator('lora::first_token_attention').call([x, query, key, value, valueBias, cuSeqlens, maxSeqlen, options.scale]) as Tensor
}

/** `lora::disentangled_attention(Tensor qkv, Tensor? pos_key, Tensor? pos_query, Tensor cu_seqlens, Tensor max_seqlen, int position_buckets, int max_position, float dropout_p=0., float? scale=None) -> Tensor` */
export function disentangledAttention(qkv: Tensor, posKey: Tensor | null, posQuery: Tensor | null, cuSeqlens: Tensor, maxSeqlen: Tensor, positionBuckets: number, maxPosition: number, options: { dropoutP?: number; scale?: number | null } = {}): Tensor {
  return operator('lora::disentangled_attention').call([qkv, posKey, posQuery, cuSeqlens, maxSeqlen, positionBuckets, maxPosition, options.dropoutP, options.scale]) as Tensor
}

/** `lora::reachable_positions(Tensor(a) table, Tensor max_seqlen, int position_buckets, int max_position) -> Tensor(a)` */
export function reachablePositions(table: Tensor, maxSeqlen: Tensor, positionBuckets: number, maxPosition: number): Tensor {
  return operator('lora::reachable_positions').call([table, maxSeqlen, positionBuckets, maxPosition]) as Tensor
}

/** `lora::unfold_sequences(Tensor x, Tensor cu_seqlens, int kernel_size) -> Tensor` */
export function unfoldSequences(x: Tensor, cuSeqlens: Tensor, kernelSize: number): Tensor {
  return operator('lora::unfold_sequences').call([x, cuSeqlens, kernelSize]) as Tensor
}

/** `lora::dropout_add_layer_norm(Tensor x, Tensor residual, Tensor weight, Tensor bias, float dropout_p, float eps) -> Tensor` */
export function dropoutAddLayerNorm(x: Tensor, residual: Tensor, weight: Tensor, bias: Tensor, dropoutP: number, eps: number): Tensor {
  return operator('lora::dropout_add_layer_norm').call([x, residual, weight, bias, dropoutP, eps]) as Tensor
}

/** `lora::dropout(Tensor x, float p) -> Tensor` */
export function dropout(x: Tensor, p: number): Tensor {
  return operator('lora::dropout').call([x, p]) as Tensor
}
