import * as fused from '../generated/fused.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import * as init from './init.ts'
import { Module } from './module.ts'

/** A row of `weight` for each index; `torch.nn.Embedding`. */
export class Embedding extends Module {
  /** [count, size] */
  weight: Tensor
  readonly #std: number

  constructor(
    readonly count: number,
    readonly size: number,
    { std = 0.02, ...options }: TensorOptions & { std?: number } = {},
  ) {
    super()
    this.#std = std
    this.weight = this.initial('weight', options)
  }

  override initial(name: string, options: TensorOptions = {}): Tensor {
    if (name === 'weight') return init.normal([this.count, this.size], this.#std, options)
    return super.initial(name)
  }

  /**
   * indices [T] int32 or int64 -> [T, size]. Of a table in a checkpoint's file that is not trained, only these rows
   * are read (`lora::embedding`).
   */
  forward(indices: Tensor): Tensor {
    return fused.embedding(this.weight, indices)
  }
}
