import * as fused from '../generated/fused.ts'
import * as ops from '../generated/ops.ts'
import type { Tensor } from '../tensor.ts'
import type { BatchTensors, WantedRows } from './batch.ts'
import type { LinearLike } from './linear.ts'

export interface FirstTokenAttention {
  /** [T, H] */
  hidden: Tensor
  wanted: WantedRows
  /** query, key and value */
  layers: readonly [LinearLike, LinearLike, LinearLike]
  heads: number
}

/**
 * softmax(QK^T / sqrt(D)) V for the first token of each sequence, without computing keys and values: the one query goes
 * through their weights (`lora::first_token_attention`). For weights that never change.
 * @returns [B, H], or null where other tokens are wanted, or the weights may change
 */
export function firstTokenContext(
  { hidden, wanted, layers, heads }: FirstTokenAttention,
  { cuSeqlens, maxSeqlen }: BatchTensors,
): Tensor | null {
  if (!wanted.first) return null
  const [wQuery, wKey, wValue] = layers.map((layer) => layer.constantWeight())
  if (!wQuery || !wKey || !wValue) return null
  const [query, , value] = layers
  const first = ops.indexSelect(hidden, 0, wanted.indices) // [B, H]
  const asked = fused.linear(first, [wQuery], query.bias ? [query.bias] : [], [], [], []) // [B, H]
  const perHead = ops.view(asked, [-1, heads, query.outFeatures / heads]) // [B, N, D]
  return fused.firstTokenAttention(hidden, perHead, wKey, wValue, value.bias, cuSeqlens, maxSeqlen) // [B, H]
}
