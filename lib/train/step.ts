import type { FlatGradients } from '../distributed/flat-gradients.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { LayerWatch } from '../models/layer-watch.ts'
import type { BatchTensors } from '../nn/batch.ts'
import { clipGradNorm, gradNorm } from '../optim/clip.ts'
import type { Optimizer } from '../optim/optimizer.ts'
import { compile, type GraphReport } from '../program.ts'
import type { LossFunction, Targets } from '../tasks/task.ts'
import type { Device, Tensor } from '../tensor.ts'
import type { StepModel } from './work.ts'

export interface StepInputs {
  batch: BatchTensors
  /** As `task.collate` makes them. */
  targets: Targets
  /** float32 []: 1 over the number of batches whose gradients are added up before an update, of all ranks. */
  lossScale: Tensor
  /** What the batch counts for, where ranks add up (`countsOf`). */
  counts?: Tensor | undefined
}

/** A part of a batch whose loss was formed of all of it (`CachedLoss`). */
export interface PartInputs {
  batch: BatchTensors
  /** Of the scaled loss by this part's outputs: [rows, width] */
  gradient: Tensor
  /** The scaled loss and what the batch counts for, with its last part, where ranks add up. */
  counted?: { counts: Tensor; loss: Tensor }
}

/** Of a float16 model, what tells where a pass overflowed; whoever takes them disposes of them. */
export interface Watched {
  /** float32 [layers + 1], on the CPU: a sum of what each layer gives. */
  layers?: Tensor | undefined
  /** [parameters], on the CPU: the norm of each gradient before clipping. */
  norms?: Tensor | undefined
}

/** A training step as programs: forward, backward, reduction, clipping, the optimizer and clearing are one native call. */
export interface TrainingStep {
  /** Adds a batch's gradients, scaled. @returns the batch's own mean loss, float32 [] */
  accumulate(inputs: StepInputs): Promise<Watched & { loss: Tensor; gradNorm?: undefined }>
  /** The same, then updates every parameter and clears the gradients. @returns also the norm before clipping, [] */
  update(
    inputs: StepInputs & { learningRate: Tensor },
  ): Promise<Watched & { loss: Tensor; gradNorm: Tensor; totals?: Tensor | undefined }>
  /** The same for a rank that has no batch: its gradients are what it has accumulated, or zeros. */
  idle(inputs: {
    counts: Tensor
    learningRate: Tensor
  }): Promise<Watched & { gradNorm: Tensor; totals?: Tensor }>
  /** Adds the gradients of a part of a batch; with a rate it is the last of an update. */
  part(
    inputs: PartInputs & { learningRate?: Tensor },
  ): Promise<Watched & { gradNorm?: Tensor; totals?: Tensor }>
  /** Which layer float16 overflowed in; undefined where none did, and for another dtype. */
  overflow(watched: Watched): string | undefined
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
  /** Formed of outputs and targets, before what `Model.penalties` add. Default: the task's. */
  loss?: LossFunction | undefined
  /** The device to capture CUDA graphs on (`CompileOptions.graphs`), for batches of few shapes (`padToBucket`). */
  graphs?: Device | undefined
  /**
   * Zero gradients in place of dropping them. Then a step that adds to them always finds them where they were: what
   * `accumulate` needs to be captured. Default false.
   */
  keepGradients?: boolean | undefined
  /** Where the gradients of several ranks are added up, before clipping. With it gradients are kept. */
  ranks?: FlatGradients | undefined
}

/** Compiles the step of a model and an optimizer. */
export function compileTrainingStep(
  model: StepModel,
  optimizer: Optimizer,
  { maxGradNorm, loss: lossOf, graphs, keepGradients = false, ranks }: StepOptions,
): TrainingStep {
  const parameters = optimizer.parameters.map(([, parameter]) => parameter)
  const keep = keepGradients || ranks !== undefined
  const watch = LayerWatch.of(model)
  const forward = (batch: BatchTensors, rows?: Tensor | null): { outputs: Tensor; layers?: Tensor } => {
    model.train()
    if (!watch) return { outputs: model.forward(batch, rows) } // [rows, width]
    const { result, sums } = watch.pass(() => model.forward(batch, rows)) // [rows, width]
    return { outputs: result, layers: sums }
  }
  const backward = ({
    batch,
    targets,
    lossScale,
    counts,
  }: StepInputs): { loss: Tensor; layers?: Tensor | undefined } => {
    const { outputs, layers } = forward(batch, targets.rows)
    const loss = model.loss(outputs, targets, lossOf) // []
    const scaled = ops.mul(loss, lossScale) // []
    scaled.backward()
    if (counts) ranks?.add(counts, scaled.detach())
    return { loss: loss.detach(), layers }
  }
  const move = (learningRate: Tensor) => {
    const totals = ranks?.reduce()
    const norms = watch
      ? noGrad(() => ops.stack(ops.foreachNorm(parameters.map((parameter) => parameter.grad!))))
      : undefined
    const norm = noGrad(() =>
      maxGradNorm > 0
        ? clipGradNorm(parameters, maxGradNorm)
        : gradNorm(parameters.map((parameter) => parameter.grad!)),
    ) // []
    optimizer.step(learningRate)
    optimizer.zeroGrad({ keep })
    return { gradNorm: onCpu(norm), totals: totals && onCpu(totals), norms: norms && onCpu(norms) } // last, when everything is on its way to the device
  }
  const accumulate = compile(
    (inputs: StepInputs) => {
      const { loss, layers } = backward(inputs)
      return { loss: onCpu(loss), layers: layers && onCpu(layers) }
    },
    { graphs },
  )
  const update = compile(
    (inputs: StepInputs & { learningRate: Tensor }) => {
      const { loss, layers } = backward(inputs)
      const moved = move(inputs.learningRate)
      return { loss: onCpu(loss), layers: layers && onCpu(layers), ...moved }
    },
    { graphs },
  )
  const idle = compile((inputs: { counts: Tensor; learningRate: Tensor }) => {
    ranks?.add(inputs.counts)
    return move(inputs.learningRate)
  })
  const part = compile(
    ({ batch, gradient, counted, learningRate }: PartInputs & { learningRate?: Tensor }) => {
      const { outputs, layers } = forward(batch)
      ops.sum(ops.mul(outputs, gradient)).backward()
      if (counted) ranks?.add(counted.counts, counted.loss)
      const none = { gradNorm: undefined, totals: undefined, norms: undefined }
      const moved = learningRate ? move(learningRate) : none
      return { layers: layers && onCpu(layers), ...moved }
    },
  )
  return {
    accumulate: (inputs) => accumulate(inputs),
    update: (inputs) => update(inputs),
    idle: (inputs) => idle(inputs),
    part: (inputs) => part(inputs),
    overflow({ layers, norms }) {
      const where = layers && watch?.where(layers.readSync() as Float32Array)
      if (where) return where
      const lengths = norms ? Array.from(norms.readSync(), Number) : []
      const last = lengths.findLastIndex((length) => !Number.isFinite(length))
      return last < 0 ? undefined : `the gradients that reach ${optimizer.parameters[last]![0]}`
    },
    get graphReport() {
      const [a, b] = [accumulate.graphReport, update.graphReport]
      return { captures: a.captures + b.captures, replays: a.replays + b.replays }
    },
    dispose() {
      accumulate.dispose()
      update.dispose()
      idle.dispose()
      part.dispose()
    },
  }
}
