import * as ops from '../generated/ops.ts'
import { Linear, type LinearLike } from '../nn/linear.ts'
import { Module } from '../nn/module.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import { Head, type Reads } from './head.ts'

/** A layer behind the pooling, as sentence-transformers' `2_Dense/config.json` says it. */
export interface DenseLayout {
  /** Its folder: "2_Dense". */
  folder: string
  inFeatures: number
  outFeatures: number
  bias: boolean
  act: 'tanh' | 'identity'
}

/** act(x W^T + b); sentence-transformers' `Dense`. */
class Dense extends Module {
  linear: LinearLike
  readonly #act: DenseLayout['act']

  constructor({ inFeatures, outFeatures, bias, act }: DenseLayout, options: TensorOptions) {
    super()
    this.linear = new Linear(inFeatures, outFeatures, { bias, ...options })
    this.#act = act
  }

  forward(rows: Tensor): Tensor {
    const y = this.linear.forward(rows, { rows: 'wanted' }) // [B, out]
    return this.#act === 'tanh' ? ops.tanh(y) : y // [B, out]
  }
}

/** x / max(|x|, 1e-12), each row; `torch.nn.functional.normalize`. [B, W] -> [B, W] */
export function normalizeRows(x: Tensor): Tensor {
  return ops.div(x, ops.clampMin(ops.linalgVectorNorm(x, 2, [1], { keepdim: true }), 1e-12)) // [B, W]
}

/** A vector a sequence: what pooling gives, through the layers behind it, of length 1 where that is asked for. */
export class SentenceHead extends Head {
  readonly width: number
  dense: Dense[]
  readonly #folders: readonly string[]
  readonly #normalize: boolean

  constructor(
    readonly reads: Reads,
    {
      hiddenSize,
      dense,
      normalize,
      ...options
    }: TensorOptions & { hiddenSize: number; dense: readonly DenseLayout[]; normalize: boolean },
  ) {
    super()
    this.width = dense.at(-1)?.outFeatures ?? hiddenSize
    this.dense = dense.map((layout) => new Dense(layout, options))
    this.#folders = dense.map(({ folder }) => folder)
    this.#normalize = normalize
  }

  /** Each layer under the name of its folder. */
  override *children(): Generator<[name: string, child: Tensor | Module]> {
    for (const [i, layer] of this.dense.entries()) yield [this.#folders[i]!, layer]
  }

  forward(rows: Tensor): Tensor {
    let x = rows // [B, H]
    for (const layer of this.dense) x = layer.forward(x) // [B, out]
    return this.#normalize ? normalizeRows(x) : x // [B, width]
  }
}
