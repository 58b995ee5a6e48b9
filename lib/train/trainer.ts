import { join } from 'node:path'
import { loadedFrom, packageVersion } from '../addon.ts'
import { BatchSampler } from '../data/index.ts'
import { graphDevice } from '../device.ts'
import { agree } from '../distributed/agreement.ts'
import { FlatGradients } from '../distributed/flat-gradients.ts'
import { requireSharedFolder } from '../distributed/shared-folder.ts'
import { currentWorld, inGroup, requireGroup } from '../distributed/world.ts'
import { TorchLoraError } from '../errors.ts'
import { Predictor } from '../inference/predictor.ts'
import type { NamedParameters } from '../optim/optimizer.ts'
import { callback, type Rules, readOptions, signal } from '../options.ts'
import { manualSeed } from '../random.ts'
import type { EncodedExamples, Task } from '../tasks/task.ts'
import type { Device } from '../tensor.ts'
import { checkVocabularies } from '../tokenizer/index.ts'
import { exampleLengths } from './batches.ts'
import { BestModel, chooseBestMetric } from './best-model.ts'
import { evaluateExamples } from './evaluate.ts'
import type { TrainerEvent, TrainingSummary } from './events.ts'
import { type RunIdentity, runIdentity } from './identity.ts'
import { type ResolvedTrainerOptions, resolveTrainerOptions, type TrainerOptions } from './options.ts'
import { lockRun } from './run-lock.ts'
import { countElements, RunState, settingsOf } from './run-state.ts'
import { compileTrainingStep } from './step.ts'
import { requireOwn, runOptimizer, trainedParameters } from './trained-parameters.ts'
import { type PendingUpdate, Updates } from './updates.ts'
import { Verdict } from './verdict.ts'

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
 * difference between LoRA and full fine-tuning.
 *
 * Same seed, same machine, same number of threads: same weights, to the bit, also when a run is stopped and resumed. On
 * CUDA the same batches, masks and seeds; there gradients of attention are added up in an order that changes from run to
 * run, and with it the last bits of the weights.
 *
 * `M` are the metrics that events have, where `metrics` names them.
 */
export class Trainer<T extends Task = Task, const M extends string = string> {
  readonly options: ResolvedTrainerOptions
  readonly #parameters: NamedParameters
  readonly #metrics: readonly string[]
  readonly #bestModel: BestModel
  #started = false
  /** Where CUDA graphs are captured; undefined for none. */
  readonly #graphs: Device | undefined

  /**
   * @throws TorchLoraError INVALID_ARGUMENT naming every option that is not known or out of range, or a model with
   * nothing to train; INCOMPATIBLE for labels that are not the model's
   */
  constructor(options: TrainerOptions<T, M>) {
    requireGroup()
    this.options = resolveTrainerOptions(options as unknown as TrainerOptions, currentWorld())
    const { model, optimizer, outputDir, loadBest, patience } = this.options
    if (options.labels) model.task.requireLabels(options.labels)
    checkVocabularies(this.options.tokenizer, model.config.vocabSize)
    this.#parameters = trainedParameters(model)
    if (typeof optimizer === 'object') requireOwn(optimizer, this.#parameters)
    this.#graphs = graphDevice(model.device, this.options.cudaGraphs && !model.gradientCheckpointing)
    this.#metrics = model.task.chooseMetrics(options.evaluate ?? options.train, options.metrics)
    model.task.requireLoss(this.options)
    this.#bestModel = new BestModel({
      metric: chooseBestMetric(options.bestMetric, this.#metrics),
      parameters: loadBest === false ? [] : this.#parameters,
      directory: outputDir && join(outputDir, 'checkpoints'),
      patience,
    })
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
    const { options } = this
    const { model } = options
    const train = await this.#encode(options.train)
    const evaluate = options.evaluate ? await this.#encode(options.evaluate) : null
    const identity = runIdentity(options, { trainableParameters: this.trainableParameters, train })
    const sampler = new BatchSampler({
      lengths: exampleLengths(train),
      batchSize: options.batchSize,
      maxTokens: options.maxTokens,
      seed: options.seed,
    })
    // One of the ranks writes.
    await using _lock =
      options.outputDir && currentWorld().rank === 0 ? await lockRun(options.outputDir) : null
    if (options.outputDir) await requireSharedFolder(join(options.outputDir, 'checkpoints'))
    await agreeOn(identity)
    manualSeed(options.seed)
    model.task.temperature = 1 // fitted to weights that are about to change
    const { optimizer, made } = runOptimizer(this.#parameters, options)
    using _made = made
    using bestModel = this.#bestModel
    const state = new RunState({
      options,
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
    using ranks = inGroup() ? new FlatGradients(this.#parameters.map(([, parameter]) => parameter)) : null
    using loss = model.task.trainingLoss(options, train.labels, {
      device: model.device,
      dtype: model.outputDType,
    })
    const verdict = new Verdict()
    const step = compileTrainingStep(model, optimizer, {
      maxGradNorm: options.maxGradNorm,
      loss: options.loss ?? loss,
      graphs: this.#graphs,
      keepGradients: this.#graphs !== undefined && batchesPerUpdate > 1,
      ranks: ranks ?? undefined,
    })
    using predictor = new Predictor(model, { cudaGraphs: options.cudaGraphs })
    const updates = new Updates({
      step,
      sampler,
      train,
      totalSteps,
      options,
      batchesPerUpdate,
      graphs: this.#graphs !== undefined,
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
          countElements([...model.namedParameters()]) +
          countElements([...model.namedModules()].flatMap(([, module]) => module.adapterParameters())),
        optimizerStateBytes: optimizer.stateBytes,
        truncated: [...train.encodings, ...(evaluate?.encodings ?? [])].filter(({ truncated }) => truncated)
          .length,
        settings: settingsOf(options),
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
        if (evaluate && due.evaluation && !interrupted) {
          yield { type: 'evaluating', step: done, examples: evaluate.encodings.length }
          const { progress, ...evaluation } = await this.#evaluate(predictor, evaluate, done, event.epoch)
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
      if (evaluate && !interrupted) await bestModel.restore()
      left = false
      const summary = state.summary(done, { interrupted, verdict })
      if (summary.warning && currentWorld().rank === 0)
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
    const { evaluateEvery, checkpointEvery } = this.options
    const due = (every: 'epoch' | number) =>
      step === totalSteps || (every === 'epoch' ? epochEnded : step % every === 0)
    return { evaluation: due(evaluateEvery), checkpoint: due(checkpointEvery) }
  }

  #encode(examples: TrainerOptions['train']): Promise<EncodedExamples> {
    const { model, tokenizer, maxLength } = this.options
    return model.task.encode(examples, tokenizer, {
      maxLength: Math.min(maxLength ?? model.maxLength, model.maxLength),
    })
  }

  async #evaluate(predictor: Predictor, examples: EncodedExamples, step: number, epoch: number) {
    const began = performance.now()
    const { metrics, progress } = await evaluateExamples(predictor, examples, this.#metrics, {
      maxBatchTokens: this.options.evaluationTokens,
    })
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

/** Compares what ranks must share, before they depend on it. */
async function agreeOn(identity: RunIdentity): Promise<void> {
  await agree({ 'torch-lora': packageVersion(), libtorch: loadedFrom()?.libtorch.version, ...identity })
}
