import * as fused from '../generated/fused.ts'
import { number, type Rules, readOptions } from '../options.ts'
import { type Tensor, type TensorOptions, tensorRules } from '../tensor.ts'
import * as init from './init.ts'
import { Module } from './module.ts'

/** How an {@link Embedding} begins. */
export interface EmbeddingOptions extends TensorOptions {
  /** Standard deviation of fresh weights. Default 0.02. */
  std?: number | undefined
}

const rules: Rules<EmbeddingOptions> = { ...tensorRules, std: number({ least: 0 }) }

/** What may stand in an Embedding's place: the table itself, or one that an adapter method wraps. */
export abstract class EmbeddingLike extends Module {
  /** [count, size] */
  abstract weight: Tensor

  /** indices [T] int32 or int64 -> [T, size] */
  abstract forward(indices: Tensor): Tensor
}

/** A row of `weight` for each index; `torch.nn.Embedding`. */
export class Embedding extends EmbeddingLike {
  /** [count, size] */
  weight: Tensor
  readonly #std: number

  constructor(
    readonly count: number,
    readonly size: number,
    given: EmbeddingOptions = {},
  ) {
    super()
    const { std = 0.02, ...options } = readOptions('Embedding', given, rules)
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
