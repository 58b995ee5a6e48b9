import { Module } from '../nn/module.ts'
import { recompute } from '../recompute.ts'
import type { Tensor } from '../tensor.ts'

/** A body's layers, one after the other: what gradient checkpointing acts on. */
export abstract class LayerStack extends Module {
  /** Whether a layer's activations are computed again in backward instead of kept; set for a model by its method. */
  gradientCheckpointing = false

  /** One layer's output: `forward()`, recomputed in backward where that is asked for and the model trains. */
  protected runLayer(forward: () => Tensor): Tensor {
    return this.gradientCheckpointing && this.training ? recompute(forward) : forward()
  }
}
