import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { BatchTensors } from '../nn/batch.ts'
import { compile } from '../program.ts'
import type { LossFunction, Targets } from '../tasks/task.ts'
import type { Tensor } from '../tensor.ts'
import type { StepModel } from './work.ts'

/** The parts of a batch whose loss is of all its outputs together. */
export interface CachedPart {
  batch: BatchTensors
  /** Seeds dropout for the next pass over this part: both draw the same. Settles when it is done. */
  seed: () => Promise<unknown>
}

/**
 * The loss of a batch that does not fit at once, by gradient caching (Gao et al., 2021, "Scaling Deep Contrastive
 * Learning Batch Size under Memory Limited Setup"): outputs part by part without a graph, the loss and its gradient by
 * all outputs, and then part by part again, where a part's loss is its outputs times that gradient. The sum is the
 * gradient of the whole batch; the memory is that of the largest part.
 */
export class CachedLoss {
  readonly #outputs
  readonly #loss

  /** @param loss formed instead of the task's */
  constructor(model: StepModel, { loss: lossOf }: { loss?: LossFunction | undefined } = {}) {
    this.#outputs = compile((batch: BatchTensors) => {
      model.train()
      return noGrad(() => model.forward(batch)) // [rows, width]
    })
    this.#loss = compile(({ outputs, targets, lossScale }: LossInputs) => {
      const all = ops.cat(outputs, { dim: 0 }) // [rows, width]
      const loss = model.loss(all, targets, lossOf) // []
      const scaled = ops.mul(loss, lossScale) // []
      scaled.backward()
      return { loss: loss.to({ device: 'cpu' }).detach(), scaled: scaled.detach() }
    })
  }

  /**
   * @returns the loss, [] on the CPU; scaled, [] where the model is; and for each part the gradient of the scaled loss by its outputs, [rows, width]
   * @throws TorchLoraError OUT_OF_MEMORY, NATIVE
   */
  async run(
    parts: readonly CachedPart[],
    { targets, lossScale }: { targets: Targets; lossScale: Tensor },
  ): Promise<{ loss: Tensor; scaled: Tensor; gradients: Tensor[] }> {
    const outputs: Tensor[] = []
    try {
      for (const { batch, seed } of parts) {
        const seeded = seed()
        const [output] = await Promise.all([this.#outputs(batch), seeded])
        output.requiresGrad = true
        outputs.push(output)
      }
      const { loss, scaled } = await this.#loss({ outputs, targets, lossScale })
      return { loss, scaled, gradients: outputs.map((output) => output.grad!.clone()) }
    } finally {
      for (const output of outputs) output.dispose()
    }
  }

  dispose(): void {
    this.#outputs.dispose()
    this.#loss.dispose()
  }
}

interface LossInputs {
  outputs: Tensor[]
  targets: Targets
  lossScale: Tensor
}
