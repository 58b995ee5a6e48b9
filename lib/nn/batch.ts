import * as ops from '../generated/ops.ts'
import { Tensor } from '../tensor.ts'

/** Sequences end to end, as `packBatch` makes them: T tokens of B sequences, never padded. */
export interface PackedBatch {
  /** [T] */
  inputIds: Int32Array
  /** [T], rows of the position embeddings */
  positionIds: Int32Array
  /** [T] */
  tokenTypeIds: Int32Array
  /** [B + 1]: sequence b is the tokens cuSeqlens[b] to cuSeqlens[b + 1] */
  cuSeqlens: Int32Array
  /** The longest sequence, in tokens. */
  maxSeqlen: number
}

/** A packed batch as tensors: what a model's `forward` takes. int32; `maxSeqlen` is 0-dimensional, on the CPU. */
export interface BatchTensors {
  inputIds: Tensor
  positionIds: Tensor
  tokenTypeIds: Tensor
  cuSeqlens: Tensor
  maxSeqlen: Tensor
}

/** Copies a packed batch into tensors. The caller disposes of them (`disposeBatch`). */
export function batchTensors(batch: PackedBatch, device = 'cpu'): BatchTensors {
  const place = (data: Int32Array) => Tensor.from(data, { device })
  return {
    inputIds: place(batch.inputIds),
    positionIds: place(batch.positionIds),
    tokenTypeIds: place(batch.tokenTypeIds),
    cuSeqlens: place(batch.cuSeqlens),
    maxSeqlen: Tensor.scalar(batch.maxSeqlen, 'int32'),
  }
}

/** The batch on a device; `maxSeqlen` stays on the CPU, where it is read. */
export function batchOnDevice({ maxSeqlen, ...rest }: BatchTensors, device: string): BatchTensors {
  const moved = Object.entries(rest).map(([name, tensor]) => [name, tensor.to({ device })])
  return { ...(Object.fromEntries(moved) as typeof rest), maxSeqlen }
}

/** Disposes the tensors of a batch; nothing may use them afterwards. */
export function disposeBatch(batch: BatchTensors): void {
  for (const tensor of Object.values(batch) as Tensor[]) tensor.dispose()
}

/**
 * How a family numbers positions.
 * - `zero`: 0, 1, 2, ... in each sequence (BERT, DeBERTa).
 * - `afterPadding`: the n-th token (from 1) that is not `padTokenId` has position padTokenId + n, and a token that is
 *   has position padTokenId (RoBERTa; `create_position_ids_from_input_ids` of transformers' modeling_roberta.py).
 */
export type PositionScheme = { kind: 'zero' } | { kind: 'afterPadding'; padTokenId: number }

/** The longest sequence that a table of `rows` positions has one for, in tokens. */
export function longestSequence(scheme: PositionScheme, rows: number): number {
  return scheme.kind === 'zero' ? rows : rows - scheme.padTokenId - 1
}

/** The rows of the last hidden states that somebody reads: an encoder computes its last layer for these alone. */
export interface WantedRows {
  /** int32 [R], rows of [T, H] */
  indices: Tensor
  /** Whether they are the first token of each sequence, for which there is a shorter way. */
  first: boolean
}

/** The first token of each sequence. */
export function firstTokens({ cuSeqlens }: BatchTensors): WantedRows {
  return { indices: ops.slice(cuSeqlens, { start: 0, end: -1 }), first: true } // [B]
}

/** The last token of each sequence. */
export function lastTokens({ cuSeqlens }: BatchTensors): WantedRows {
  return { indices: ops.sub(ops.slice(cuSeqlens, { start: 1 }), 1), first: false } // [B]
}

/** The mean over each sequence's rows; of a sequence without tokens 0. [T, H] -> [B, H] */
export function sequenceMeans(rows: Tensor, { cuSeqlens }: BatchTensors): Tensor {
  const offsets = cuSeqlens.to({ dtype: 'int64' })
  return ops.segmentReduce(rows.contiguous(), 'mean', { offsets, initial: 0, unsafe: true }) // [B, H]
}
