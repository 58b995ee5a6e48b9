import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { Model } from '../models/model.ts'
import type { BatchTensors } from '../nn/batch.ts'
import { clipGradNorm, gradNorm } from '../optim/clip.ts'
import type { Optimizer } from '../optim/optimizer.ts'
import { compile, type GraphReport } from '../program.ts'
import type { Targets } from '../tasks/task.ts'
import type { Device, Tensor } from '../tensor.ts'

export interface StepInputs {
  batch: BatchTensors
  /** As `task.collate` makes them. */
  targets: Targets
  /** float32 []: 1 over the number of batches whose gradients are added up before an update. */
  lossScale: Tensor
}

/** A training step as programs: forward, backward, reduction, clipping, the optimizer and clearing are one native call. */
export interface TrainingStep {
  /** Adds a batch's gradients, scaled. @returns the batch's own mean loss, float32 [] */
  accumulate(inputs: StepInputs): Promise<{ loss: Tensor; gradNorm?: undefined }>
  /** The same, then updates every parameter and clears the gradients. @returns also the norm before clipping, [] */
  update(inputs: StepInputs & { learningRate: Tensor }): Promise<{ loss: Tensor; gradNorm: Tensor }>
  /** Of both programs, for tests. */
  readonly graphReport: GraphReport
  dispose(): void
}

/**
 * Copied by the program, so that it is the executor that waits for the device and never the event loop: whoever reads
 * the number finds it there.
 */
function onCpu(number: Tensor): Tensor {
  return number.to({ device: 'cpu' })
}

export interface StepOptions {
  /** 0 means no clipping. */
  maxGradNorm: number
  /** The device to capture CUDA graphs on (`CompileOptions.graphs`), for batches of few shapes (`padToBucket`). */
  graphs?: Device
  /**
   * Zero gradients in place of dropping them. Then a step that adds to them always finds them where they were: what
   * `accumulate` needs to be captured. Default false.
   */
  keepGradients?: boolean
  /** Called when all gradients of an update are there, before clipping: where ranks add theirs up, in place. */
  reduce?: (parameters: readonly Tensor[]) => void
}

/** Compiles the step of a model and an optimizer. */
export function compileTrainingStep(
  model: Model,
  optimizer: Optimizer,
  { maxGradNorm, graphs, keepGradients = false, reduce }: StepOptions,
): TrainingStep {
  const parameters = optimizer.parameters.map(([, parameter]) => parameter)
  const backward = ({ batch, targets, lossScale }: StepInputs): Tensor => {
    model.train()
    const loss = model.loss(model.forward(batch), targets) // []
    ops.mul(loss, lossScale).backward()
    return loss.detach()
  }
  const accumulate = compile((inputs: StepInputs) => ({ loss: onCpu(backward(inputs)) }), { graphs })
  const update = compile(
    (inputs: StepInputs & { learningRate: Tensor }) => {
      const loss = backward(inputs)
      reduce?.(parameters)
      const norm = noGrad(() =>
        maxGradNorm > 0
          ? clipGradNorm(parameters, maxGradNorm)
          : gradNorm(parameters.map((parameter) => parameter.grad!)),
      ) // []
      optimizer.step(inputs.learningRate)
      optimizer.zeroGrad({ keep: keepGradients })
      return { loss: onCpu(loss), gradNorm: onCpu(norm) } // last, when everything is on its way to the device
    },
    { graphs },
  )
  return {
    accumulate: (inputs) => accumulate(inputs),
    update: (inputs) => update(inputs),
    get graphReport() {
      const [a, b] = [accumulate.graphReport, update.graphReport]
      return { captures: a.captures + b.captures, replays: a.replays + b.replays }
    },
    dispose() {
      accumulate.dispose()
      update.dispose()
    },
  }
}
