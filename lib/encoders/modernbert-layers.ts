import * as fused from '../generated/fused.ts'
import * as ops from '../generated/ops.ts'
import { activations } from '../nn/activation.ts'
import { wantedRows } from '../nn/attention.ts'
import type { BatchTensors, WantedRows } from '../nn/batch.ts'
import { dropout } from '../nn/dropout.ts'
import { LayerNorm } from '../nn/layer-norm.ts'
import { Linear, type LinearLike, type RowKind } from '../nn/linear.ts'
import { Module } from '../nn/module.ts'
import { type RotaryTables, rotaryTables } from '../nn/rotary.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import { LayerStack } from './layer-stack.ts'
import type { ModernBertConfig } from './modernbert-config.ts'

/** Field names are checkpoint keys: transformers, modeling_modernbert.py. */

/** What all layers of a pass share; a layer takes the angles of its kind. */
interface Shared {
  batch: BatchTensors
  global: RotaryTables
  local: RotaryTables
}

/** softmax(QK^T / sqrt(D)) V W_o^T with turned queries and keys, over all tokens or those of a window. */
class Attention extends Module {
  Wqkv: LinearLike
  Wo: LinearLike

  constructor(
    readonly config: ModernBertConfig,
    readonly local: boolean,
    options: TensorOptions,
  ) {
    super()
    const { hiddenSize, initializerRange: std, outputStd, attentionBias: bias } = config
    this.Wqkv = new Linear(hiddenSize, 3 * hiddenSize, { std, bias, ...options })
    this.Wo = new Linear(hiddenSize, hiddenSize, { std: outputStd, bias, ...options })
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows */
  forward(hidden: Tensor, { batch, local, global }: Shared, wanted?: WantedRows): Tensor {
    const { hiddenSize, numAttentionHeads: heads, attentionProbsDropoutProb, window } = this.config
    const p = this.training ? attentionProbsDropoutProb : 0
    const { cos, sin } = this.local ? local : global
    const side = this.local ? window : -1
    const qkv = ops.view(this.Wqkv.forward(hidden), [-1, 3, heads, hiddenSize / heads]) // [T, 3, N, D]
    const context = fused.varlenAttention(fused.rotary(qkv, cos, sin), batch.cuSeqlens, batch.maxSeqlen, {
      dropoutP: p,
      windowLeft: side,
      windowRight: side,
    }) // [T, N, D]
    const rows = wantedRows(ops.view(context, [-1, hiddenSize]), wanted) // [rows, H]
    return dropout(this.Wo.forward(rows, { rows: wanted ? 'wanted' : 'token' }), p) // [rows, H]
  }
}

/** (act(x W_1^T) * (x W_2^T)) W_o^T, W_1 and W_2 one above the other in W_i. */
class GatedFeedForward extends Module {
  Wi: LinearLike
  Wo: LinearLike

  constructor(
    readonly config: ModernBertConfig,
    options: TensorOptions,
  ) {
    super()
    const { hiddenSize, intermediateSize, initializerRange: std, outputStd, mlpBias: bias } = config
    this.Wi = new Linear(hiddenSize, 2 * intermediateSize, { std, bias, ...options })
    this.Wo = new Linear(intermediateSize, hiddenSize, { std: outputStd, bias, ...options })
  }

  forward(x: Tensor, rows: RowKind): Tensor {
    const wide = gated(this.Wi.forward(x, { rows }), this.config) // [rows, intermediate]
    return this.Wo.forward(dropout(wide, this.training ? this.config.mlpDropout : 0), { rows }) // [rows, H]
  }
}

/** [rows, 2 intermediate] -> [rows, intermediate] */
function gated(wide: Tensor, { hiddenAct }: ModernBertConfig): Tensor {
  if (hiddenAct === 'gelu') return fused.geglu(wide)
  const [value, gate] = ops.chunk(wide, 2, -1) as [Tensor, Tensor] // [rows, intermediate] each
  return ops.mul(activations[hiddenAct](value), gate)
}

class Layer extends Module {
  attn_norm: LayerNorm | null
  attn: Attention
  mlp_norm: LayerNorm
  mlp: GatedFeedForward

  constructor(config: ModernBertConfig, index: number, options: TensorOptions) {
    super()
    // The embeddings' own norm stands in front of the first layer.
    this.attn_norm = index === 0 ? null : modernBertNorm(config, options)
    this.attn = new Attention(config, config.localLayers[index]!, options)
    this.mlp_norm = modernBertNorm(config, options)
    this.mlp = new GatedFeedForward(config, options)
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows */
  forward(hidden: Tensor, shared: Shared, wanted?: WantedRows): Tensor {
    const normed = this.attn_norm ? this.attn_norm.forward(hidden) : hidden // [T, H]
    const attended = ops.add(wantedRows(hidden, wanted), this.attn.forward(normed, shared, wanted)) // [rows, H]
    const fed = this.mlp.forward(this.mlp_norm.forward(attended), wanted ? 'wanted' : 'token') // [rows, H]
    return ops.add(attended, fed) // [rows, H]
  }
}

/** The layers by number: a checkpoint has nothing between "layers" and it. */
export class ModernBertLayers extends LayerStack {
  readonly #layers: Layer[]

  constructor(
    readonly config: ModernBertConfig,
    options: TensorOptions,
  ) {
    super()
    this.#layers = config.localLayers.map((_, index) => new Layer(config, index, options))
  }

  override *children(): Generator<[name: string, child: Tensor | Module]> {
    for (const [index, layer] of this.#layers.entries()) yield [String(index), layer]
  }

  override setChild(name: string, child: Tensor | Module): void {
    this.#layers[Number(name)] = child as Layer
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows, for which alone the last layer's feed-forward runs. */
  forward(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const { hiddenSize, numAttentionHeads, theta } = this.config
    const { dtype, device } = this.#layers[0]!.mlp_norm.weight // known while a program is recorded
    const angles = { headSize: hiddenSize / numAttentionHeads, dtype, device }
    const global = rotaryTables(batch.positionIds, { theta: theta.global, ...angles }) // [T, D / 2]
    const local =
      theta.local === theta.global
        ? global
        : rotaryTables(batch.positionIds, { theta: theta.local, ...angles }) // [T, D / 2]
    return this.runLayers(this.#layers, { embedded, wanted }, (layer, hidden, needed) =>
      layer.forward(hidden, { batch, global, local }, needed),
    ) // [rows, H]
  }
}

/** The norm that stands everywhere in the model: without a bias unless `norm_bias` says so. */
export function modernBertNorm(
  { hiddenSize, layerNormEps, normBias }: ModernBertConfig,
  options: TensorOptions,
): LayerNorm {
  return new LayerNorm(hiddenSize, layerNormEps, { bias: normBias, ...options })
}
