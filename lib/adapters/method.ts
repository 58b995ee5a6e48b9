import { type Linear, LinearLike, type Segment } from '../nn/linear.ts'
import type { Module } from '../nn/module.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import type { LoraConfig } from './config.ts'

/**
 * A Linear that an adapter method has wrapped. It stands in the Linear's place in the model, under the same paths;
 * what the method adds is in `adapterParameters`, by the names that PEFT's files have.
 */
export abstract class AdaptedLinear extends LinearLike {
  readonly inFeatures: number
  readonly outFeatures: number

  constructor(readonly base: Linear) {
    super()
    this.inFeatures = base.inFeatures
    this.outFeatures = base.outFeatures
    this.training = base.training
  }

  get weight(): Tensor {
    return this.base.weight
  }

  get bias(): Tensor | null {
    return this.base.bias
  }

  override *children(): Generator<[name: string, child: Tensor | Module]> {
    yield* this.base.children()
  }

  override setChild(name: string, child: Tensor | Module): void {
    this.base.setChild(name, child)
  }

  override initial(name: string, options: TensorOptions = {}): Tensor {
    return this.base.initial(name, options)
  }

  abstract override adapterParameters(): [name: string, parameter: Tensor][]

  abstract override segment(): Segment | null
}

/** A way to adapt Linears: one file, and one entry in the registry. */
export interface AdapterMethod {
  /** PEFT's name of it. */
  readonly name: string
  /** Whether a configuration means this method. */
  handles(config: LoraConfig): boolean
  /** The Linear at `path`, adapted; what it adds requires a gradient. */
  wrap(linear: Linear, target: { path: string; config: LoraConfig }): AdaptedLinear
}
