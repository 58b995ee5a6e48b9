import * as fused from '../generated/fused.ts'
import * as ops from '../generated/ops.ts'
import type { Tensor } from '../tensor.ts'
import type { BatchTensors, WantedRows } from './batch.ts'
import { fusedLinear, type LinearLike } from './linear.ts'

/** What {@link selfAttention} attends with. */
export interface SelfAttention {
  /** query, key and value */
  layers: readonly [LinearLike, LinearLike, LinearLike]
  heads: number
  /** Probability of dropping an attention weight; 0 outside training. */
  dropout: number
  /** The rows of the result that are needed. Default all. */
  wanted?: WantedRows | undefined
}

/**
 * softmax(QK^T / sqrt(D)) V within each sequence; query, key and value are one operator.
 * @param hidden [T, H]
 * @returns [T, H], or [R, H] for R wanted rows
 */
export function selfAttention(
  hidden: Tensor,
  batch: BatchTensors,
  { layers, heads, dropout, wanted }: SelfAttention,
): Tensor {
  const first = wanted ? firstTokenContext({ hidden, wanted, layers, heads }, batch) : null // [B, H]
  if (first) return first
  const hiddenSize = layers[0].outFeatures
  const qkv = fusedLinear(hidden, layers) // [T, 3H]
  const perHead = ops.view(qkv, [-1, 3, heads, hiddenSize / heads]) // [T, 3, N, D]
  const context = fused.varlenAttention(perHead, batch.cuSeqlens, batch.maxSeqlen, { dropoutP: dropout }) // [T, N, D]
  return wantedRows(ops.view(context, [-1, hiddenSize]), wanted) // [rows, H]
}

/** Those rows that are wanted. [T, H] -> [T, H], or [R, H] for R wanted rows */
export function wantedRows(rows: Tensor, wanted: WantedRows | undefined): Tensor {
  return wanted ? ops.indexSelect(rows, 0, wanted.indices) : rows
}

interface FirstTokenAttention {
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
function firstTokenContext(
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
