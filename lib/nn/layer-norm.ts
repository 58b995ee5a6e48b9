import * as fused from '../generated/fused.ts'
import * as ops from '../generated/ops.ts'
import { boolean, type Rules, readOptions } from '../options.ts'
import { Tensor, type TensorOptions, tensorRules } from '../tensor.ts'
import { Module } from './module.ts'

/** How a {@link LayerNorm} begins. */
export interface LayerNormOptions extends TensorOptions {
  /** Default true. */
  bias?: boolean | undefined
}

const rules: Rules<LayerNormOptions> = { ...tensorRules, bias: boolean }

/** (x - mean) / sqrt(var + eps) * weight + bias over the last dimension; `torch.nn.LayerNorm`. */
export class LayerNorm extends Module {
  /** [H] */
  weight: Tensor
  /** [H], or null for a norm without one */
  bias: Tensor | null

  constructor(
    readonly size: number,
    readonly eps = 1e-5,
    given: LayerNormOptions = {},
  ) {
    super()
    const { bias = true, ...options } = readOptions('LayerNorm', given, rules)
    this.weight = this.initial('weight', options)
    this.bias = bias ? this.initial('bias', options) : null
  }

  override initial(name: string, options: TensorOptions = {}): Tensor {
    if (name === 'weight') return Tensor.ones([this.size], options)
    if (name === 'bias') return Tensor.zeros([this.size], options)
    return super.initial(name)
  }

  /** [T, H] -> [T, H] */
  forward(x: Tensor): Tensor {
    return ops.layerNorm(x, [this.size], { weight: this.weight, bias: this.bias, eps: this.eps })
  }

  /**
   * LayerNorm(residual + dropout(x)) in one pass (`lora::dropout_add_layer_norm`).
   * @param x [T, H]
   * @param residual [T, H]
   * @param dropout the probability; applied while training
   */
  forwardResidual(x: Tensor, residual: Tensor, dropout: number): Tensor {
    return fused.dropoutAddLayerNorm(
      x,
      residual,
      this.weight,
      this.bias ?? ops.zerosLike(this.weight.detach()),
      this.training ? dropout : 0,
      this.eps,
    )
  }
}
