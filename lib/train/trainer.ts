import { join } from 'node:path'
import { hasLora, loraState } from '../adapters/state.ts'
import { loadedFrom, packageVersion } from '../addon.ts'
import { BatchSampler } from '../data/index.ts'
import { agree } from '../distributed/agreement.ts'
import { FlatGradients } from '../distributed/flat-gradients.ts'
import { requireSharedFolder } from '../distributed/shared-folder.ts'
import { inGroup } from '../distributed/world.ts'
import { TorchLoraError } from '../errors.ts'
import { Model } from '../models/model.ts'
import { noteTraining, type TrainingFacts } from '../models/model-card.ts'
import type { Module } from '../nn/module.ts'
import type { NamedParameters } from '../optim/optimizer.ts'
import { callback, type Rules, readOptions, signal } from '../options.ts'
import { manualSeed } from '../random.ts'
import type { Task } from '../tasks/task.ts'
import { BestModel, chooseBestMetric } from './best-model.ts'
import type { TrainerEvent, TrainingSummary } from './events.ts'
import { type RunIdentity, runIdentity } from './identity.ts'
import { type ModuleTrainerOptions, resolveModuleOptions } from './module-options.ts'
import { ModulePlan } from './module-plan.ts'
import { type ResolvedTrainerOptions, resolveTrainerOptions, type TrainerOptions } from './options.ts'
import { lockRun } from './run-lock.ts'
import { settingsOf } from './run-settings.ts'
import { countElements, RunState } from './run-state.ts'
import { compileTrainingStep } from './step.ts'
import { TextPlan } from './text-plan.ts'
import { requireOwn, runOptimizer, trainedParameters } from './trained-parameters.ts'
import { trainingFacts } from './training-facts.ts'
import { type PendingUpdate, Updates } from './updates.ts'
import { Verdict } from './verdict.ts'
import type { Plan, Work } from './work.ts'

/** How a run is ended early. */
export interface RunOptions {
  /** Aborting ends the run after the updates under way, at most two, with a checkpoint where there is an outputDir. */
  signal?: AbortSignal | undefined
}

/** How {@link Trainer.train} tells of a run and ends it early. */
export interface TrainOptions<M extends string = string> extends RunOptions {
  /** Called with every event, and awaited. An error that it throws ends the run as an abort does, and is thrown on. */
  onEvent?: ((event: TrainerEvent<M>) => unknown) | undefined
}

const runRules: Rules<RunOptions> = { signal }
const trainRules: Rules<TrainOptions> = { ...runRules, onEvent: callback }

/**
 * Trains the parameters of a model that require a gradient, on the mean loss of its task. It knows no family, and no
 * difference between LoRA and full fine-tuning. A module of one's own is trained by `Trainer.forModule`.
 *
 * Same seed, same machine, same number of threads: same weights, to the bit, also when a run is stopped and resumed. On
 * CUDA the same batches, masks and seeds; there gradients of attention are added up in an order that changes from run to
 * run, and with it the last bits of the weights, unless `useDeterministicAlgorithms(true)` was called.
 *
 * `M` are the metrics that events have, where `metrics` names them.
 */
export class Trainer<T extends Task = Task, const M extends string = string> {
  readonly #options: ResolvedTrainerOptions
  readonly #plan: Plan
  readonly #parameters: NamedParameters
  readonly #bestModel: BestModel
  #started = false

  /**
   * @throws TorchLoraError INVALID_ARGUMENT naming every option that is not known or out of range, or a model with
   * nothing to train; INCOMPATIBLE for labels that are not the model's
   */
  constructor(options: TrainerOptions<T, M>) {
    const given = options as unknown
    const run = isOfModule(given)
      ? resolveModuleOptions(given)
      : resolveTrainerOptions(given as TrainerOptions)
    const plan = 'tokenizer' in run ? new TextPlan(run) : new ModulePlan(run)
    const { optimizer, outputDir, loadBest, patience, bestMetric, group } = run
    this.#options = run
    this.#plan = plan
    this.#parameters = trainedParameters(plan.module)
    if (typeof optimizer === 'object') requireOwn(optimizer, this.#parameters)
    this.#bestModel = new BestModel({
      metric: chooseBestMetric(bestMetric, plan),
      parameters: loadBest === false ? [] : this.#parameters,
      directory: outputDir && join(outputDir, 'checkpoints'),
      patience,
      group,
    })
  }

  /**
   * A Trainer for a module of one's own: what rows become in tensors, and what the loss is, is said by functions.
   *
   * ```ts
   * const trainer = Trainer.forModule({
   *   model: regressor,
   *   train: rows,
   *   batch: (rows) => ({ x: Tensor.from(rows.map(({ x }) => x)), y: Tensor.from(rows.map(({ y }) => [y])) }),
   *   loss: (model, { x, y }) => ops.mseLoss(model.forward(x), y),
   * })
   * ```
   * @throws TorchLoraError INVALID_ARGUMENT naming every option that is not known or out of range, or a module with
   * nothing to train
   */
  static forModule<Mod extends Module, Row, Batch, const M extends string = never>(
    options: ModuleTrainerOptions<Mod, Row, Batch, M>,
  ): Trainer<Task, M> {
    return new Trainer<Task, M>(options as unknown as TrainerOptions<Task, M>)
  }

  /** What chooses the best model: a metric, or 'loss'. */
  get bestMetric(): string {
    return this.#bestModel.metric
  }

  /** What evaluations measure beside the loss: what was asked for, else the task's own, and what chooses the best model. */
  get metrics(): readonly string[] {
    return this.#plan.metrics
  }

  /** Elements of the tensors that train. */
  get trainableParameters(): number {
    return countElements(this.#parameters)
  }

  /**
   * Trains to the end, or until the signal aborts: then the summary says `interrupted`, and nothing is thrown.
   * @returns what the run came to
   * @throws TorchLoraError as `run`
   */
  async train(options: TrainOptions<M> = {}): Promise<TrainingSummary<M>> {
    const { onEvent, ...run } = readOptions('Trainer.train', options, trainRules as Rules<TrainOptions<M>>)
    let summary: TrainingSummary<M> | undefined
    for await (const event of this.run(run)) {
      await onEvent?.(event)
      if (event.type === 'end') summary = event.summary
    }
    return summary!
  }

  /**
   * Trains, and tells of every update, evaluation and checkpoint. Leaving the loop early leaves what an aborted signal
   * leaves: the updates under way are made, at most two, and where there is an outputDir there is a checkpoint of them,
   * from which a run with `resume` goes on. Of several ranks all leave after the same event.
   * @throws TorchLoraError DIVERGED when the loss is not a number, naming the update; INCOMPATIBLE for labels outside
   * the set, a checkpoint of another run or a folder that another run writes to; INVALID_FILE where every checkpoint is
   * damaged; OUT_OF_MEMORY, NATIVE
   */
  run(options: RunOptions = {}): AsyncGenerator<TrainerEvent<M>, void> {
    const { signal } = readOptions('Trainer.run', options, runRules)
    if (this.#started)
      throw new TorchLoraError('INVALID_ARGUMENT', 'A Trainer runs once; make another for another run.')
    this.#started = true
    return this.#run(signal) as AsyncGenerator<TrainerEvent<M>, void>
  }

  async *#run(signal: AbortSignal | undefined): AsyncGenerator<TrainerEvent, void> {
    const options = this.#options
    const { group } = options
    const { module, device, graphs, maxLength } = this.#plan
    const settings = settingsOf(options, { maxLength })
    using work = await this.#plan.prepare(group)
    const identity = runIdentity(options, {
      trainableParameters: this.trainableParameters,
      trainExamples: work.digest,
    })
    const sampler = new BatchSampler({
      lengths: work.lengths,
      batchSize: options.batchSize,
      maxTokens: options.maxTokens,
      seed: options.seed,
    })
    // One of the ranks writes.
    await using _lock = options.outputDir && group.rank === 0 ? await lockRun(options.outputDir) : null
    if (group.worldSize > 1) {
      if (options.outputDir) await requireSharedFolder(join(options.outputDir, 'checkpoints'))
      await agreeOn(identity)
    }
    manualSeed(options.seed)
    if (module instanceof Model) module.task.temperature = 1 // fitted to weights that are about to change
    const { optimizer, made } = runOptimizer(module, this.#parameters, options)
    using _made = made
    using bestModel = this.#bestModel
    const state = new RunState({
      options,
      settings,
      device,
      identity,
      parameters: this.#parameters,
      optimizer,
      sampler,
      bestModel,
    })
    const { resumedAt, damaged } = options.resume ? await state.resume() : { resumedAt: 0, damaged: [] }
    const totalSteps = state.totalSteps()
    const { batchesPerUpdate } = state
    optimizer.begin?.(totalSteps)
    using ranks = inGroup(group)
      ? new FlatGradients(this.#parameters.map(([, parameter]) => parameter))
      : null
    const verdict = new Verdict()
    const step = compileTrainingStep(work.model, optimizer, {
      maxGradNorm: options.maxGradNorm,
      loss: work.loss,
      graphs,
      keepGradients: graphs !== undefined && batchesPerUpdate > 1,
      ranks: ranks ?? undefined,
    })
    const updates = new Updates({
      step,
      sampler,
      work,
      totalSteps,
      options,
      batchesPerUpdate,
      graphs: graphs !== undefined,
      ranks: ranks ?? undefined,
    })
    const submit = (before: number) => updates.submit(before, { stops: signal?.aborted })
    let done = resumedAt
    let interrupted = false
    let stopping = false
    let ahead: PendingUpdate | undefined
    /** Whether the loop over the events was left, as far as is known: not by the run's end, nor by its error. */
    let left = true
    try {
      yield {
        type: 'start',
        totalSteps,
        resumedAt,
        damaged,
        trainableParameters: this.trainableParameters,
        totalParameters:
          countElements([...module.namedParameters()]) +
          countElements([...module.namedModules()].flatMap(([, each]) => each.adapterParameters())),
        optimizerStateBytes: optimizer.stateBytes,
        truncated: work.truncated,
        settings,
      }
      while (done < totalSteps) {
        const current: PendingUpdate = ahead ?? submit(done)
        const due = this.#due(current, totalSteps)
        // Nothing runs ahead of what needs the weights, or the sampler, as they are after this update.
        // Ranks decide alike: by what all of them know of an update, not by the signal that one of them has had.
        if (!ranks && signal?.aborted) stopping = true
        ahead = due.evaluation || due.checkpoint || stopping ? undefined : submit(current.step)
        const { event, stops } = await current.result
        stopping ||= stops
        done = event.step
        state.add(event)
        verdict.step(event.loss)
        yield event
        if (!ranks && signal?.aborted) stopping = true
        interrupted = stopping && !ahead
        if (work.evaluate && due.evaluation && !interrupted) {
          yield { type: 'evaluating', step: done, examples: work.heldOut }
          const { progress, ...evaluation } = await this.#evaluate(work.evaluate, done, event.epoch)
          verdict.evaluation(progress)
          yield evaluation
        }
        const stop = interrupted || done === totalSteps || bestModel.outOfPatience
        if (options.outputDir && (stop || due.checkpoint)) {
          const saved = await state.save(done)
          if (saved) yield saved
        }
        if (stop) break
      }
      if (work.evaluate && !interrupted) await bestModel.restore()
      left = false
      const summary = state.summary(done, { interrupted, verdict })
      if (module instanceof Model) noteTraining(module, factsOf(module, work, summary))
      if (summary.warning && group.rank === 0)
        process.emitWarning(summary.warning, { code: 'TORCH_LORA_NOT_LEARNED' })
      yield { type: 'end', summary }
    } catch (thrown) {
      left = false
      throw thrown
    } finally {
      // What runs still trains, whoever has ended the run; of an error in it the next run will tell.
      const last = await ahead?.result.catch(() => null)
      if (last) state.add(last.event)
      if (left && last !== null && options.outputDir) await state.save(last?.event.step ?? done)
      step.dispose()
      updates.dispose()
    }
  }

  /** What comes after an update; both after the last. */
  #due({ step, epochEnded }: PendingUpdate, totalSteps: number) {
    const { evaluateEvery, checkpointEvery } = this.#options
    const due = (every: 'epoch' | number) =>
      step === totalSteps || (every === 'epoch' ? epochEnded : step % every === 0)
    return { evaluation: due(evaluateEvery), checkpoint: due(checkpointEvery) }
  }

  async #evaluate(measure: NonNullable<Work['evaluate']>, step: number, epoch: number) {
    const began = performance.now()
    const { metrics, progress } = await measure()
    const best = await this.#bestModel.consider({ step, epoch, metrics })
    return {
      type: 'evaluation' as const,
      step,
      epoch,
      metrics,
      best,
      seconds: (performance.now() - began) / 1000,
      progress,
    }
  }
}

/** Whether options are those of `Trainer.forModule`: both come by one constructor. */
function isOfModule(options: unknown): options is ModuleTrainerOptions {
  return typeof (options as Partial<ModuleTrainerOptions> | null)?.batch === 'function'
}

/** Compares what ranks must share, before they depend on it. */
async function agreeOn(identity: RunIdentity): Promise<void> {
  await agree({ 'torch-lora': packageVersion(), libtorch: loadedFrom()?.libtorch.version, ...identity })
}

/** For the card of what is saved of the model. */
function factsOf(model: Model, { lengths, heldOut }: Work, summary: TrainingSummary): TrainingFacts {
  return trainingFacts({
    method: hasLora(model) ? loraState(model).method.name : 'full',
    rows: { train: lengths.length, evaluate: heldOut },
    summary,
    device: model.device,
  })
}
