import type { BatchTensors } from '../nn/batch.ts'
import type { Module } from '../nn/module.ts'
import type { Tensor } from '../tensor.ts'
import { PretrainedModel } from './pretrained-model.ts'

/** An encoder alone; transformers' `BertModel` and its like, without their poolers. */
export class EncoderModel extends PretrainedModel {
  get architecture(): string {
    return `${this.family.architecture}Model`
  }

  readonly encoderPrefix = ''
  readonly headOutputs = null

  /** The encoder's modules by the names that they have in its own checkpoint. */
  override *children(): Generator<[name: string, child: Tensor | Module]> {
    yield* this.encoder.children()
  }

  override setChild(name: string, child: Tensor | Module): void {
    this.encoder.setChild(name, child)
  }

  protected override *parts(): Generator<Module> {
    yield this.encoder
  }

  taskConfig(): Record<string, unknown> {
    return {}
  }

  roleOf(_path: string): 'body' {
    return 'body'
  }

  /**
   * The last layer's hidden states of a packed batch: transformers' `last_hidden_state` without its padding.
   * @returns [T, H], in the model's dtype
   */
  forward(batch: BatchTensors): Tensor {
    return this.encoder.forward(batch) // [T, H]
  }
}
