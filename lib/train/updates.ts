import { join } from 'node:path'
import { type BatchSampler, packBatch, padToBucket } from '../data/index.ts'
import { TorchLoraError } from '../errors.ts'
import { batchTensors, disposeBatch } from '../nn/batch.ts'
import { learningRateFactor } from '../optim/schedule.ts'
import type { EncodedExamples } from '../tasks/task.ts'
import { Tensor } from '../tensor.ts'
import type { TrainerEvent } from './events.ts'
import type { ResolvedTrainerOptions } from './options.ts'
import type { TrainingStep } from './step.ts'

/** An update whose batches are drawn and handed to the executor. */
export interface PendingUpdate {
  /** Its number, from 1. */
  readonly step: number
  /** Whether its batches were an epoch's last. */
  readonly epochEnded: boolean
  /** Rejects as `Trainer.run` throws. */
  readonly event: Promise<Extract<TrainerEvent, { type: 'step' }>>
}

/**
 * Draws an update's batches and submits them. It waits for nothing, so that the next update can be on the executor's
 * queue while this one runs: updates run in the order of submission, and a GPU never waits for JavaScript in between.
 */
export class Updates {
  #finished = 0

  constructor(
    private readonly step: TrainingStep,
    private readonly sampler: BatchSampler,
    private readonly train: EncodedExamples,
    private readonly totalSteps: number,
    private readonly options: ResolvedTrainerOptions,
    /** Batches are padded to few shapes, for CUDA graphs. */
    private readonly graphs: boolean,
  ) {}

  /** One update from up to gradientAccumulationSteps batches of one epoch. @param done updates before it */
  submit(done: number): PendingUpdate {
    const { sampler, totalSteps, options } = this
    const began = performance.now()
    const learningRate = options.learningRate * this.#rateFactor(done)
    const group = Math.min(options.gradientAccumulationSteps, sampler.batchesInEpoch - sampler.batchInEpoch)
    const parts = Array.from({ length: group }, (_, i) =>
      this.#run(group, i === group - 1 ? learningRate : null),
    )
    const epoch = sampler.epoch + sampler.batchInEpoch / sampler.batchesInEpoch
    const finish = async () => {
      await Promise.allSettled(parts) // an error is thrown when nothing of the update is under way any more
      const results = await Promise.all(parts)
      const sum = (of: 'loss' | 'examples' | 'tokens') => results.reduce((total, part) => total + part[of], 0)
      const loss = sum('loss') / group
      if (!Number.isFinite(loss)) throw diverged(loss, done + 1, learningRate, options.outputDir)
      const seconds = (performance.now() - Math.max(began, this.#finished)) / 1000
      this.#finished = performance.now()
      return {
        type: 'step' as const,
        step: done + 1,
        totalSteps,
        epoch,
        loss,
        gradNorm: results[group - 1]!.gradNorm,
        learningRate,
        examples: sum('examples'),
        tokens: sum('tokens'),
        seconds,
      }
    }
    const event = finish()
    event.catch(() => {}) // whoever awaits it is told; until then it may be one ahead
    return { step: done + 1, epochEnded: sampler.batchInEpoch === 0, event }
  }

  /** One batch. @param learningRate of the update that it completes; null when there is more to add up before */
  async #run(group: number, learningRate: number | null) {
    const { model } = this.options
    const { positions, config, device, outputDType, task } = model
    const indices = this.sampler.next()
    const packed = packBatch(
      Array.from(indices, (index) => this.train.encodings[index]!),
      { positions },
    )
    const shaped = this.graphs ? padToBucket(packed, config) : packed
    const { cuSeqlens } = shaped
    const inputs = {
      batch: batchTensors(shaped, device),
      targets: task.collate(this.train.labels, indices, {
        device,
        dtype: outputDType,
        lengths: Array.from({ length: cuSeqlens.length - 1 }, (_, b) => cuSeqlens[b + 1]! - cuSeqlens[b]!),
      }),
      lossScale: Tensor.scalar(1 / group),
    }
    const rate = learningRate === null ? null : Tensor.scalar(learningRate)
    try {
      const result = rate
        ? await this.step.update({ ...inputs, learningRate: rate })
        : await this.step.accumulate(inputs)
      return {
        loss: take(result.loss),
        gradNorm: result.gradNorm ? take(result.gradNorm) : Number.NaN,
        examples: indices.length,
        tokens: packed.inputIds.length,
      }
    } finally {
      disposeBatch(inputs.batch)
      for (const target of Object.values(inputs.targets)) target?.dispose()
      inputs.lossScale.dispose()
      rate?.dispose()
    }
  }

  #rateFactor(step: number): number {
    const { schedule, warmupRatio, warmupSteps } = this.options
    return learningRateFactor(step, {
      schedule,
      totalSteps: this.totalSteps,
      warmupSteps: warmupSteps ?? Math.ceil(this.totalSteps * warmupRatio),
    })
  }
}

function diverged(loss: number, step: number, learningRate: number, outputDir?: string): TorchLoraError {
  const kept = outputDir ? ` The last checkpoint in ${join(outputDir, 'checkpoints')} is from before.` : ''
  return new TorchLoraError(
    'DIVERGED',
    `The loss is ${loss} at update ${step} (learning rate ${learningRate.toExponential(2)}). Lower the learning rate or lengthen the warm-up.${kept}`,
  )
}

/** The number in a 0-dimensional tensor, which is then freed. */
function take(tensor: Tensor): number {
  const value = tensor.item()
  tensor.dispose()
  return value
}
