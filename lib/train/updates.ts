import { join } from 'node:path'
import type { BatchSampler } from '../data/index.ts'
import { dealByLength, sharesOf } from '../distributed/deal.ts'
import { countsOf, type FlatGradients, readTotals, type Totals } from '../distributed/flat-gradients.ts'
import { TorchLoraError } from '../errors.ts'
import { explainOverflow } from '../models/layer-watch.ts'
import type { BatchTensors } from '../nn/batch.ts'
import { learningRateFactor } from '../optim/schedule.ts'
import type { Targets } from '../tasks/task.ts'
import { Tensor } from '../tensor.ts'
import { disposeTree } from '../tree.ts'
import { batchSeed, seedDropout } from './batch-seed.ts'
import { CachedLoss } from './cached-loss.ts'
import type { TrainerEvent } from './events.ts'
import type { ResolvedTrainerOptions } from './options.ts'
import type { TrainingStep, Watched } from './step.ts'
import type { DrawnBatch, Work } from './work.ts'

/** An update whose batches are drawn and handed to the executor. */
export interface PendingUpdate {
  /** Its number, from 1. */
  readonly step: number
  /** Whether its batches were an epoch's last. */
  readonly epochEnded: boolean
  /** What it made, and whether any rank was asked to stop. Rejects as `Trainer.run` throws. */
  readonly result: Promise<{ event: Extract<TrainerEvent, { type: 'step' }>; stops: boolean }>
}

export interface UpdatesOptions {
  step: TrainingStep
  sampler: BatchSampler
  work: Work
  totalSteps: number
  options: ResolvedTrainerOptions
  /** Of all ranks together. */
  batchesPerUpdate: number
  /** Batches are padded to few shapes, for CUDA graphs. */
  graphs: boolean
  /** Where ranks add up; undefined for a process that is alone. */
  ranks?: FlatGradients | undefined
  /** The learning rate after so many updates, in place of the schedule's. */
  rate?: ((done: number) => number) | undefined
}

interface PartResult {
  loss: number
  gradNorm: number
  examples: number
  tokens: number
  totals?: Totals | undefined
  /** Where float16 overflowed. */
  overflow: string | undefined
}

interface PassInputs {
  seed: number
  targets: Targets
  lossScale: Tensor
  counts?: Tensor
  /** Null where more is added up before the update. */
  rate: Tensor | null
}

interface PassResult {
  loss: Tensor
  gradNorm?: Tensor | undefined
  totals?: Tensor | undefined
  /** Where float16 overflowed. */
  overflow: string | undefined
}

/**
 * Draws an update's batches and submits them. It waits for nothing, so that the next update can be on the executor's
 * queue while this one runs: updates run in the order of submission, and a GPU never waits for JavaScript in between.
 */
export class Updates {
  #finished = 0
  #cached: CachedLoss | undefined
  #before: Promise<unknown> = Promise.resolve()

  constructor(private readonly of: UpdatesOptions) {}

  /**
   * One update from up to batchesPerUpdate batches of one epoch, of which each rank runs its share.
   * @param done updates before it
   * @param stops whether this rank was asked to stop
   */
  submit(done: number, { stops = false }: { stops?: boolean } = {}): PendingUpdate {
    const { sampler, options, batchesPerUpdate, ranks, work } = this.of
    const began = performance.now()
    const learningRate = this.of.rate?.(done) ?? options.learningRate * this.#rateFactor(done)
    const { epoch: inEpoch, batchInEpoch } = sampler
    const group = Math.min(batchesPerUpdate, sampler.batchesInEpoch - batchInEpoch)
    const drawn = Array.from({ length: group }, () => sampler.next())
    // A limit on tokens is the sampler's to keep: dealt anew, a batch may exceed it.
    const batches =
      options.maxTokens === undefined ? dealByLength(drawn, (index) => work.lengths[index]!) : drawn
    const mine = sharesOf(group, options.group)
    const parts = mine.map((i, n) =>
      this.#run(batches[i]!, {
        group,
        learningRate: n === mine.length - 1 ? learningRate : null,
        seed: batchSeed(options.seed, { epoch: inEpoch, batch: batchInEpoch + i }),
        stops: stops && n === 0,
      }),
    )
    if (mine.length === 0) parts.push(this.#idle(learningRate, stops))
    const epoch = sampler.epoch + sampler.batchInEpoch / sampler.batchesInEpoch
    const finish = async () => {
      await Promise.allSettled(parts) // an error is thrown when nothing of the update is under way any more
      const results = await Promise.all(parts)
      const sum = (of: 'loss' | 'examples' | 'tokens') => results.reduce((total, part) => total + part[of], 0)
      const last = results.at(-1)!
      const own = { loss: sum('loss') / group, examples: sum('examples'), tokens: sum('tokens'), stops: 0 }
      const { loss, examples, tokens, stops: asked } = last.totals ?? own
      const overflow = results.find((part) => part.overflow)?.overflow
      if (!Number.isFinite(loss) || (overflow && !Number.isFinite(last.gradNorm)))
        throw diverged({ loss, step: done + 1, learningRate, overflow, outputDir: options.outputDir })
      const seconds = (performance.now() - Math.max(began, this.#finished)) / 1000
      this.#finished = performance.now()
      const event = {
        type: 'step' as const,
        step: done + 1,
        totalSteps: this.of.totalSteps,
        epoch,
        loss,
        gradNorm: last.gradNorm,
        learningRate,
        examples,
        tokens,
        seconds,
      }
      return { event, stops: ranks ? asked > 0 : stops }
    }
    const result = finish()
    result.catch(() => {}) // whoever awaits it is told; until then it may be one ahead
    return { step: done + 1, epochEnded: sampler.batchInEpoch === 0, result }
  }

  /** One batch. @param learningRate of the update that it completes; null when there is more to add up before */
  async #run(
    indices: Uint32Array,
    {
      group,
      learningRate,
      seed,
      stops,
    }: { group: number; learningRate: number | null; seed: number; stops: boolean },
  ): Promise<PartResult> {
    const { work, graphs, ranks } = this.of
    const drawn = work.draw(indices, { seed, graphs })
    const { examples, tokens, targets, parts } = drawn
    const lossScale = Tensor.scalar(1 / group)
    const counts = ranks && countsOf({ examples, tokens, stops: stops ? 1 : 0 }, ranks)
    const rate = learningRate === null ? null : Tensor.scalar(learningRate)
    try {
      const inputs = { seed, targets, lossScale, counts, rate }
      const result = await this.#inTurn(work.inParts, () =>
        parts ? this.#runParts(parts, inputs) : this.#runWhole(drawn.batch(), inputs),
      )
      const totals = result.totals ? takeTotals(result.totals) : undefined
      return {
        loss: take(result.loss),
        gradNorm: result.gradNorm ? take(result.gradNorm) : Number.NaN,
        examples,
        tokens,
        totals,
        overflow: result.overflow,
      }
    } finally {
      for (const target of Object.values(targets)) target?.dispose()
      lossScale.dispose()
      counts?.dispose()
      rate?.dispose()
    }
  }

  /** Where float16 overflowed; frees what tells it. */
  #overflow({ layers, norms }: Watched): string | undefined {
    const where = this.of.step.overflow({ layers, norms })
    layers?.dispose()
    norms?.dispose()
    return where
  }

  /** Batches in parts are many runs, between which no other batch's may come: each waits for the one before. */
  async #inTurn<R>(waits: boolean, body: () => Promise<R>): Promise<R> {
    if (!waits) return body()
    const running = this.#before.then(body)
    this.#before = running.catch(() => {})
    return running
  }

  async #runWhole(batch: BatchTensors, { seed, rate, ...inputs }: PassInputs): Promise<PassResult> {
    const { step } = this.of
    using drawnFrom = Tensor.scalar(seed, 'int64')
    try {
      const seeded = seedDropout(drawnFrom)
      const running = rate
        ? step.update({ batch, ...inputs, learningRate: rate })
        : step.accumulate({ batch, ...inputs })
      const [result] = await Promise.all([running, seeded])
      return { ...result, overflow: this.#overflow(result) }
    } finally {
      disposeTree(batch)
    }
  }

  /** A batch of more sequences than a pass may have (`Task.chunk`). */
  async #runParts(
    drawn: NonNullable<DrawnBatch['parts']>,
    { seed, targets, lossScale, counts, rate }: PassInputs,
  ): Promise<PassResult> {
    const { step, work } = this.of
    const parts = drawn.map((lay, n) => {
      const drawnFrom = Tensor.scalar(batchSeed(seed, { epoch: 0, batch: n }), 'int64')
      return { batch: lay(), drawnFrom, seed: () => seedDropout(drawnFrom) }
    })
    this.#cached ??= new CachedLoss(work.model, { loss: work.loss })
    let gradients: readonly Tensor[] = []
    try {
      const { loss, scaled, gradients: found } = await this.#cached.run(parts, { targets, lossScale })
      gradients = found
      let result: Omit<PassResult, 'loss'> = { overflow: undefined }
      for (const [n, { batch, seed: reseed }] of parts.entries()) {
        const last = n === parts.length - 1
        const seeded = reseed()
        const running = step.part({
          batch,
          gradient: gradients[n]!,
          ...(last && counts && { counted: { counts, loss: scaled } }),
          ...(last && rate && { learningRate: rate }),
        })
        const [passed] = await Promise.all([running, seeded])
        const { gradNorm, totals, ...watched } = passed
        const overflow = this.#overflow(watched)
        result = { gradNorm, totals, overflow: result.overflow ?? overflow }
      }
      scaled.dispose()
      return { loss, ...result }
    } finally {
      for (const gradient of gradients) gradient.dispose()
      for (const { batch, drawnFrom } of parts) {
        disposeTree(batch)
        drawnFrom.dispose()
      }
    }
  }

  /** Frees what updates in parts have compiled. */
  dispose(): void {
    this.#cached?.dispose()
  }

  /** The update of a rank that has no batch of it. */
  async #idle(learningRate: number, stops: boolean): Promise<PartResult> {
    using counts = countsOf({ examples: 0, tokens: 0, stops: stops ? 1 : 0 }, this.of.ranks!)
    using rate = Tensor.scalar(learningRate)
    const { gradNorm, totals, ...watched } = await this.of.step.idle({ counts, learningRate: rate })
    return {
      loss: 0,
      gradNorm: take(gradNorm),
      examples: 0,
      tokens: 0,
      totals: takeTotals(totals!),
      overflow: this.#overflow(watched),
    }
  }

  #rateFactor(step: number): number {
    const { totalSteps } = this.of
    const { schedule, scheduleShape, warmupRatio, warmupSteps } = this.of.options
    return learningRateFactor(step, {
      ...scheduleShape,
      schedule,
      totalSteps,
      warmupSteps: warmupSteps ?? Math.ceil(totalSteps * warmupRatio),
    })
  }
}

function diverged({
  loss,
  step,
  learningRate,
  overflow,
  outputDir,
}: {
  loss: number
  step: number
  learningRate: number
  overflow: string | undefined
  outputDir: string | undefined
}): TorchLoraError {
  const rates = 'ower the learning rate or lengthen the warm-up.'
  const advice = overflow ? `${explainOverflow(overflow)} If float32 diverges too, l${rates}` : `L${rates}`
  const kept = outputDir ? ` The last checkpoint in ${join(outputDir, 'checkpoints')} is from before.` : ''
  return new TorchLoraError(
    'DIVERGED',
    `The loss is ${loss} at update ${step} (learning rate ${learningRate.toExponential(2)}). ${advice}${kept}`,
  )
}

function takeTotals(tensor: Tensor): Totals {
  const totals = readTotals(tensor)
  tensor.dispose()
  return totals
}

/** The number in a 0-dimensional tensor, which is then freed. */
function take(tensor: Tensor): number {
  const value = tensor.item()
  tensor.dispose()
  return value
}
