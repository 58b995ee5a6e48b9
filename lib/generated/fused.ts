// Written by scripts/generate-ops.ts from libtorch's schemas: `npm run generate`.
import { define } from '../overloads.ts'
import '../tensor.ts'
import type { Tensor } from '../tensor.ts'

/** `lora::disentangled_attention(Tensor qkv, Tensor? pos_key, Tensor? pos_query, Tensor cu_seqlens, Tensor max_seqlen, int position_buckets, int max_position, float dropout_p=0., float? scale=None) -> Tensor` */
export const disentangledAttention: {
  (qkv: Tensor, posKey: Tensor | null, posQuery: Tensor | null, cuSeqlens: Tensor, maxSeqlen: Tensor, positionBuckets: number, maxPosition: number, dropoutP?: number, scale?: number | null): Tensor
  (qkv: Tensor, posKey: Tensor | null, posQuery: Tensor | null, cuSeqlens: Tensor, maxSeqlen: Tensor, positionBuckets: number, maxPosition: number, options: { dropoutP?: number | undefined; scale?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('lora::disentangled_attention', [''])

/** `lora::dropout(Tensor x, float p) -> Tensor` */
export const dropout: {
  (x: Tensor, p: number): Tensor
} = /* @__PURE__ */ define('lora::dropout', [''])

/** `lora::dropout_add_layer_norm(Tensor x, Tensor residual, Tensor weight, Tensor bias, float dropout_p, float eps) -> Tensor` */
export const dropoutAddLayerNorm: {
  (x: Tensor, residual: Tensor, weight: Tensor, bias: Tensor, dropoutP: number, eps: number): Tensor
} = /* @__PURE__ */ define('lora::dropout_add_layer_norm', [''])

/** `lora::embedding(Tensor weight, Tensor indices) -> Tensor` */
export const embedding: {
  (weight: Tensor, indices: Tensor): Tensor
} = /* @__PURE__ */ define('lora::embedding', [''])

/** `lora::first_token_attention(Tensor x, Tensor query, Tensor key, Tensor value, Tensor? value_bias, Tensor cu_seqlens, Tensor max_seqlen, float? scale=None) -> Tensor` */
export const firstTokenAttention: {
  (x: Tensor, query: Tensor, key: Tensor, value: Tensor, valueBias: Tensor | null, cuSeqlens: Tensor, maxSeqlen: Tensor, scale?: number | null): Tensor
  (x: Tensor, query: Tensor, key: Tensor, value: Tensor, valueBias: Tensor | null, cuSeqlens: Tensor, maxSeqlen: Tensor, options: { scale?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('lora::first_token_attention', [''])

/** `lora::geglu(Tensor x) -> Tensor` */
export const geglu: {
  (x: Tensor): Tensor
} = /* @__PURE__ */ define('lora::geglu', [''])

/** `lora::linear(Tensor x, Tensor[] weight, Tensor[] bias, Tensor?[] lora_A, Tensor?[] lora_B, float[] scaling, float dropout_p=0., Tensor? packed=None, Tensor? packed_t=None) -> Tensor` */
export const linear: {
  (x: Tensor, weight: readonly Tensor[], bias: readonly Tensor[], lora_A: readonly (Tensor | null)[], lora_B: readonly (Tensor | null)[], scaling: readonly number[], dropoutP?: number, packed?: Tensor | null, packedT?: Tensor | null): Tensor
  (x: Tensor, weight: readonly Tensor[], bias: readonly Tensor[], lora_A: readonly (Tensor | null)[], lora_B: readonly (Tensor | null)[], scaling: readonly number[], options: { dropoutP?: number | undefined; packed?: Tensor | null | undefined; packedT?: Tensor | null | undefined }): Tensor
} = /* @__PURE__ */ define('lora::linear', [''])

/** `lora::linear_gelu(Tensor x, Tensor[] weight, Tensor[] bias, Tensor?[] lora_A, Tensor?[] lora_B, float[] scaling, float dropout_p=0., Tensor? packed=None, Tensor? packed_t=None) -> Tensor` */
export const linearGelu: {
  (x: Tensor, weight: readonly Tensor[], bias: readonly Tensor[], lora_A: readonly (Tensor | null)[], lora_B: readonly (Tensor | null)[], scaling: readonly number[], dropoutP?: number, packed?: Tensor | null, packedT?: Tensor | null): Tensor
  (x: Tensor, weight: readonly Tensor[], bias: readonly Tensor[], lora_A: readonly (Tensor | null)[], lora_B: readonly (Tensor | null)[], scaling: readonly number[], options: { dropoutP?: number | undefined; packed?: Tensor | null | undefined; packedT?: Tensor | null | undefined }): Tensor
} = /* @__PURE__ */ define('lora::linear_gelu', [''])

/** `lora::linear_int8(Tensor x, Tensor packed, int[] out, Tensor[] bias, bool gelu=False) -> Tensor` */
export const linearInt8: {
  (x: Tensor, packed: Tensor, out: readonly number[], bias: readonly Tensor[], options?: { gelu?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('lora::linear_int8', [''])

/** `lora::prepack_linear(Tensor[] weight, bool transpose) -> Tensor` */
export const prepackLinear: {
  (weight: readonly Tensor[], transpose: boolean): Tensor
} = /* @__PURE__ */ define('lora::prepack_linear', [''])

/** `lora::prepack_linear_int8(Tensor[] weight, bool transpose=False) -> Tensor` */
export const prepackLinearInt8: {
  (weight: readonly Tensor[], options?: { transpose?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('lora::prepack_linear_int8', [''])

/** `lora::prepack_linear_nf4(Tensor[] weight) -> Tensor` */
export const prepackLinearNf4: {
  (weight: readonly Tensor[]): Tensor
} = /* @__PURE__ */ define('lora::prepack_linear_nf4', [''])

/** `lora::reachable_positions(Tensor(a) table, Tensor max_seqlen, int position_buckets, int max_position) -> Tensor(a)` */
export const reachablePositions: {
  (table: Tensor, maxSeqlen: Tensor, positionBuckets: number, maxPosition: number): Tensor
} = /* @__PURE__ */ define('lora::reachable_positions', [''])

/** `lora::rotary(Tensor qkv, Tensor cos, Tensor sin) -> Tensor` */
export const rotary: {
  (qkv: Tensor, cos: Tensor, sin: Tensor): Tensor
} = /* @__PURE__ */ define('lora::rotary', [''])

/** `lora::unfold_sequences(Tensor x, Tensor cu_seqlens, int kernel_size) -> Tensor` */
export const unfoldSequences: {
  (x: Tensor, cuSeqlens: Tensor, kernelSize: number): Tensor
} = /* @__PURE__ */ define('lora::unfold_sequences', [''])

/** `lora::varlen_attention(Tensor qkv, Tensor cu_seqlens, Tensor max_seqlen, float dropout_p=0., float? scale=None, int window_left=-1, int window_right=-1) -> Tensor` */
export const varlenAttention: {
  (qkv: Tensor, cuSeqlens: Tensor, maxSeqlen: Tensor, dropoutP?: number, scale?: number | null, windowLeft?: number, windowRight?: number): Tensor
  (qkv: Tensor, cuSeqlens: Tensor, maxSeqlen: Tensor, options: { dropoutP?: number | undefined; scale?: number | null | undefined; windowLeft?: number | undefined; windowRight?: number | undefined }): Tensor
} = /* @__PURE__ */ define('lora::varlen_attention', [''])
