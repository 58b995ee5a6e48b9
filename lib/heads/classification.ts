import { type Activation, activations } from '../nn/activation.ts'
import { dropout } from '../nn/dropout.ts'
import type { LayerNorm } from '../nn/layer-norm.ts'
import { Linear, type LinearLike } from '../nn/linear.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import { Head, type Reads } from './head.ts'

/** How a family's classification head is built, and what a checkpoint calls its parts. */
export interface ClassificationLayout {
  hiddenSize: number
  /** Standard deviation of fresh weights. */
  std: number
  /** A layer in front of the classifier, under the checkpoint's name of it ("bert.pooler.dense"). */
  dense?: {
    name: string
    act: Activation
    /** Probability of dropping an element in front of it. */
    dropout: number
    bias?: boolean
    /** Standard deviation of its fresh weight. Default the layout's. */
    std?: number
  }
  /** A norm behind `dense`. */
  norm?: { name: string; create(options: TensorOptions): LayerNorm } | undefined
  /** The row that stands for a sequence: its first token's (default), or the mean of all. */
  pooling?: 'first' | 'mean' | undefined
  /** The checkpoint's name of the classifier. */
  out: string
  /** Probability of dropping an element in front of the classifier. */
  dropout: number
}

/**
 * W_out dropout(norm(act(W dropout(x) + b))) + b_out, of which the inner layer and the norm may be left out: the heads of
 * transformers' `...ForSequenceClassification` and `...ForTokenClassification`.
 */
export class ClassificationHead extends Head {
  dense: LinearLike | null
  norm: LayerNorm | null
  out: LinearLike
  readonly #layout: ClassificationLayout

  constructor(
    readonly reads: Reads,
    layout: ClassificationLayout,
    { width, ...options }: TensorOptions & { width: number },
  ) {
    super({ dense: layout.dense?.name ?? 'dense', norm: layout.norm?.name ?? 'norm', out: layout.out })
    const { hiddenSize, std, dense } = layout
    this.#layout = layout
    this.dense = dense
      ? new Linear(hiddenSize, hiddenSize, { std: dense.std ?? std, bias: dense.bias ?? true, ...options })
      : null
    this.norm = layout.norm?.create(options) ?? null
    this.out = new Linear(hiddenSize, width, { std, ...options })
  }

  get width(): number {
    return this.out.outFeatures
  }

  forward(rows: Tensor): Tensor {
    const { dense, dropout: p } = this.#layout
    let x = rows // [rows, H]
    if (this.dense) {
      x = this.dense.forward(dropout(x, this.training ? dense!.dropout : 0), { rows: 'wanted' }) // [rows, H]
      x = activations[dense!.act](x) // [rows, H]
    }
    if (this.norm) x = this.norm.forward(x) // [rows, H]
    return this.out.forward(dropout(x, this.training ? p : 0), { rows: 'wanted' }) // [rows, width]
  }
}
