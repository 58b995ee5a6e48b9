import { basename, join } from 'node:path'
import { loadedFrom, packageVersion } from '../addon.ts'
import { BatchSampler } from '../data/index.ts'
import { graphDevice } from '../device.ts'
import { agree } from '../distributed/agreement.ts'
import { FlatGradients } from '../distributed/flat-gradients.ts'
import { requireSharedFolder } from '../distributed/shared-folder.ts'
import { currentWorld, inGroup, requireGroup } from '../distributed/world.ts'
import { TorchLoraError } from '../errors.ts'
import { Predictor } from '../inference/predictor.ts'
import { peakResidentBytes } from '../memory.ts'
import type { Model } from '../models/model.ts'
import { LayerNorm } from '../nn/layer-norm.ts'
import { isBias } from '../optim/adamw.ts'
import type { Optimizer } from '../optim/optimizer.ts'
import { optimizerFactory } from '../optim/registry.ts'
import { manualSeed, rngState, setRngState } from '../random.ts'
import type { EncodedExamples, Task } from '../tasks/task.ts'
import { type Device, isHalf, type Tensor } from '../tensor.ts'
import { BestModel, chooseBestMetric } from './best-model.ts'
import {
  type DamagedCheckpoint,
  findCheckpoint,
  restoreTensors,
  saveCheckpoint,
  type TrainerState,
} from './checkpoint.ts'
import { evaluateExamples } from './evaluate.ts'
import type { TrainerEvent, TrainingSummary } from './events.ts'
import { checkIdentity, type RunIdentity, runIdentity } from './identity.ts'
import { type ResolvedTrainerOptions, resolveTrainerOptions, type TrainerOptions } from './options.ts'
import { lockRun } from './run-lock.ts'
import { compileTrainingStep } from './step.ts'
import { type PendingUpdate, Updates } from './updates.ts'

/**
 * Trains the parameters of a classifier that require a gradient, by AdamW on the mean loss. It knows no family, and
 * no difference between LoRA and full fine-tuning.
 *
 * Same seed, same machine, same number of threads: same weights, to the bit, also when a run is stopped and resumed. On
 * CUDA the same batches, masks and seeds; there gradients of attention are added up in an order that changes from run to
 * run, and with it the last bits of the weights.
 */
export class Trainer<T extends Task = Task> {
  readonly options: ResolvedTrainerOptions
  readonly #parameters: (readonly [path: string, parameter: Tensor])[]
  readonly #metrics: readonly string[]
  readonly #bestModel: BestModel
  /** Of the checkpoint that the run resumed from, and of the updates since; wall and CPU time without this process's. */
  #spent = { wallSeconds: 0, cpuSeconds: 0, trainSeconds: 0, examples: 0, tokens: 0 }
  #began = { wall: 0, cpu: 0 }
  #identity: RunIdentity = {}
  /** Of all ranks together. */
  #batchesPerUpdate: number
  #started = false
  /** Where CUDA graphs are captured; undefined for none. */
  readonly #graphs: Device | undefined

  /**
   * @throws TorchLoraError INVALID_ARGUMENT naming every option out of range, or a model with nothing to train;
   * INCOMPATIBLE for labels that are not the model's
   */
  constructor(options: TrainerOptions<T>) {
    requireGroup()
    this.options = resolveTrainerOptions(options as unknown as TrainerOptions)
    this.#batchesPerUpdate = this.options.gradientAccumulationSteps * currentWorld().worldSize
    const { model } = this.options
    if (options.labels) model.task.requireLabels(options.labels)
    this.#parameters = model.trainableParameters()
    if (this.#parameters.length === 0) {
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        'No parameter of the model requires a gradient: call applyLora(model, ...) first, or model.setRequiresGrad(true) for full fine-tuning.',
      )
    }
    const narrow = this.#parameters.filter(([, { dtype }]) => isHalf(dtype)).map(([path]) => path)
    if (narrow.length > 0) {
      const shown =
        narrow.slice(0, 3).join(', ') + (narrow.length > 3 ? ` and ${narrow.length - 3} more` : '')
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `Updates of half-precision parameters round to nothing: ${shown}. Load the model with dtype 'float32' to train these; adapters and the head are float32 under any weights.`,
      )
    }
    this.#graphs = graphDevice(model.device, this.options.cudaGraphs && !model.gradientCheckpointing)
    this.#metrics = options.metrics ?? model.task.defaultMetrics
    model.task.requireMetrics(this.#metrics)
    const { outputDir, loadBest, patience } = this.options
    this.#bestModel = new BestModel({
      metric: chooseBestMetric(options.bestMetric, this.#metrics),
      parameters: loadBest === false ? [] : this.#parameters,
      directory: outputDir && join(outputDir, 'checkpoints'),
      patience,
    })
  }

  /** Elements of the tensors that train. */
  get trainableParameters(): number {
    return count(this.#parameters)
  }

  /**
   * Trains, and tells of every update, evaluation and checkpoint. An aborted signal ends the run after the updates
   * under way, at most two, with a checkpoint where there is an outputDir.
   * @throws TorchLoraError DIVERGED when the loss is not a number, naming the update; INCOMPATIBLE for labels outside
   * the set, a checkpoint of another run or a folder that another run writes to; INVALID_FILE where every checkpoint is
   * damaged; OUT_OF_MEMORY, NATIVE
   */
  async *run({ signal }: { signal?: AbortSignal } = {}): AsyncGenerator<TrainerEvent, void> {
    if (this.#started)
      throw new TorchLoraError('INVALID_ARGUMENT', 'A Trainer runs once; make another for another run.')
    this.#started = true
    const { options } = this
    const { model } = options
    this.#began = { wall: performance.now(), cpu: cpuSeconds() }
    const train = await this.#encode(options.train)
    const evaluate = options.evaluate ? await this.#encode(options.evaluate) : null
    this.#identity = runIdentity(options, { trainableParameters: this.trainableParameters, train })
    const sampler = new BatchSampler({
      lengths: train.encodings.map(({ ids }) => ids.length),
      batchSize: options.batchSize,
      maxTokens: options.maxTokens,
      seed: options.seed,
    })
    // One of the ranks writes.
    await using _lock =
      options.outputDir && currentWorld().rank === 0 ? await lockRun(options.outputDir) : null
    if (options.outputDir) await requireSharedFolder(join(options.outputDir, 'checkpoints'))
    await this.#agree()
    manualSeed(options.seed)
    using optimizer = this.#createOptimizer()
    const { resumedAt, damaged } = options.resume
      ? await this.#resume(optimizer, sampler)
      : { resumedAt: 0, damaged: [] }
    const totalSteps = this.#totalSteps(sampler)
    using ranks = inGroup() ? new FlatGradients(this.#parameters.map(([, parameter]) => parameter)) : null
    const step = compileTrainingStep(model, optimizer, {
      maxGradNorm: options.maxGradNorm,
      graphs: this.#graphs,
      keepGradients: this.#graphs !== undefined && this.#batchesPerUpdate > 1,
      ranks: ranks ?? undefined,
    })
    using bestModel = this.#bestModel
    using predictor = new Predictor(model, { cudaGraphs: options.cudaGraphs })
    const spent = this.#spent
    let done = resumedAt
    let interrupted = false
    let stopping = false
    const updates = new Updates({
      step,
      sampler,
      train,
      totalSteps,
      options,
      batchesPerUpdate: this.#batchesPerUpdate,
      graphs: this.#graphs !== undefined,
      ranks: ranks ?? undefined,
    })
    const submit = (before: number) => updates.submit(before, { stops: signal?.aborted })
    let ahead: PendingUpdate | undefined
    try {
      yield {
        type: 'start',
        totalSteps,
        resumedAt,
        damaged,
        trainableParameters: this.trainableParameters,
        totalParameters: count([...model.namedParameters()]) + count(adapterParameters(model)),
        optimizerStateBytes: optimizer.stateBytes,
        truncated: [...train.encodings, ...(evaluate?.encodings ?? [])].filter(({ truncated }) => truncated)
          .length,
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
        spent.examples += event.examples
        spent.tokens += event.tokens
        spent.trainSeconds += event.seconds
        yield event
        if (!ranks && signal?.aborted) stopping = true
        interrupted = stopping && !ahead
        if (evaluate && due.evaluation && !interrupted) {
          yield await this.#evaluate(predictor, evaluate, done, event.epoch)
        }
        const stop = interrupted || done === totalSteps || bestModel.outOfPatience
        if (options.outputDir && (stop || due.checkpoint))
          yield await this.#checkpoint(optimizer, sampler, done)
        if (stop) break
      }
      if (evaluate && !interrupted) await bestModel.restore()
      yield { type: 'end', summary: this.#summary(optimizer, sampler, done, interrupted) }
    } finally {
      await ahead?.result.catch(() => {}) // ours or the caller's error has ended the run: what runs still trains
      step.dispose()
    }
  }

  /** Compares what ranks must share, before they depend on it. */
  async #agree(): Promise<void> {
    await agree({
      'torch-lora': packageVersion(),
      libtorch: loadedFrom()?.libtorch.version,
      ...this.#identity,
    })
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

  #totalSteps(sampler: BatchSampler, batchesPerUpdate = this.#batchesPerUpdate): number {
    const { epochs } = this.options
    let steps = 0
    let before = 0
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const batches = sampler.totalBatches(epoch)
      steps += Math.ceil((batches - before) / batchesPerUpdate)
      before = batches
    }
    return steps
  }

  #createOptimizer(): Optimizer {
    const { betas, eps, weightDecay, learningRate, headLearningRate, model, optimizer } = this.options
    const headScale = headLearningRate === undefined ? 1 : headLearningRate / learningRate
    const norms = normPaths(model)
    return optimizerFactory(optimizer)(this.#parameters, {
      betas,
      eps,
      weightDecay,
      noDecay: (path) => isBias(path) || norms.has(path),
      learningRateScale: (path) => (model.roleOf(path) === 'head' ? headScale : 1),
    })
  }

  async #evaluate(predictor: Predictor, examples: EncodedExamples, step: number, epoch: number) {
    const began = performance.now()
    const metrics = await evaluateExamples(predictor, examples, this.#metrics, {
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
    }
  }

  async #checkpoint(optimizer: Optimizer, sampler: BatchSampler, step: number) {
    const began = performance.now()
    const { device } = this.options.model
    const folder = join(this.options.outputDir!, 'checkpoints')
    if (currentWorld().rank > 0)
      return { type: 'checkpoint' as const, step, path: join(folder, `step-${step}`), seconds: 0 }
    const path = await saveCheckpoint(folder, this.#checkpointTensors(optimizer), {
      format: 2,
      step,
      identity: this.#identity,
      batchesPerUpdate: this.#batchesPerUpdate,
      sampler: sampler.state(),
      rng: Buffer.from(rngState()).toString('base64'),
      ...(device === 'cpu' ? {} : { deviceRng: Buffer.from(rngState(device)).toString('base64') }),
      ...this.#bestModel.state(),
      spent: this.#spentNow(),
    })
    return { type: 'checkpoint' as const, step, path, seconds: (performance.now() - began) / 1000 }
  }

  #spentNow(): TrainerState['spent'] {
    const before = this.#spent
    return {
      ...before,
      wallSeconds: before.wallSeconds + (performance.now() - this.#began.wall) / 1000,
      cpuSeconds: before.cpuSeconds + cpuSeconds() - this.#began.cpu,
    }
  }

  #checkpointTensors(optimizer: Optimizer): Map<string, Tensor> {
    return new Map([
      ...this.#parameters.map(([path, parameter]): [string, Tensor] => [`parameter.${path}`, parameter]),
      ...Array.from(optimizer.state(), ([name, tensor]): [string, Tensor] => [`optimizer.${name}`, tensor]),
    ])
  }

  /** @returns the update that the checkpoint was taken after, 0 when there is none, and newer ones that are damaged */
  async #resume(
    optimizer: Optimizer,
    sampler: BatchSampler,
  ): Promise<{ resumedAt: number; damaged: DamagedCheckpoint[] }> {
    const found = await findCheckpoint(join(this.options.outputDir!, 'checkpoints'), {
      totalSteps: (batchesPerUpdate = this.options.gradientAccumulationSteps) =>
        this.#totalSteps(sampler, batchesPerUpdate),
    })
    await agree({ checkpoint: found ? basename(found.path) : 'none' })
    if (!found) return { resumedAt: 0, damaged: [] }
    const { path, state, damaged } = found
    checkIdentity(this.#identity, state, path)
    // As large an update as before, on however many ranks.
    this.#batchesPerUpdate = state.batchesPerUpdate ?? this.options.gradientAccumulationSteps
    sampler.restore(state.sampler)
    await restoreTensors(join(path, 'tensors.safetensors'), this.#checkpointTensors(optimizer))
    setRngState(new Uint8Array(Buffer.from(state.rng, 'base64')))
    if (state.deviceRng)
      setRngState(new Uint8Array(Buffer.from(state.deviceRng, 'base64')), this.options.model.device)
    damaged.push(...(await this.#bestModel.resume(state)))
    Object.assign(this.#spent, state.spent)
    return { resumedAt: state.step, damaged }
  }

  #summary(
    optimizer: Optimizer,
    sampler: BatchSampler,
    steps: number,
    interrupted: boolean,
  ): TrainingSummary {
    const { wallSeconds, cpuSeconds, trainSeconds, tokens, examples } = this.#spentNow()
    const perSecond = (count: number) => (trainSeconds > 0 ? count / trainSeconds : 0)
    return {
      steps,
      epochs: sampler.epoch + sampler.batchInEpoch / sampler.batchesInEpoch,
      interrupted,
      trainableParameters: this.trainableParameters,
      optimizerStateBytes: optimizer.stateBytes,
      wallSeconds,
      cpuSeconds,
      trainSeconds,
      tokensPerSecond: perSecond(tokens),
      examplesPerSecond: perSecond(examples),
      peakResidentBytes: peakResidentBytes(),
      bestMetric: this.#bestModel.metric,
      best: this.#bestModel.best,
      final: this.#bestModel.final,
    }
  }
}

/** The parameters of norms, which are not decayed, as in transformers. */
function normPaths(model: Model): Set<string> {
  const norms = [...model.namedModules()].filter(([, module]) => module instanceof LayerNorm)
  return new Set(norms.flatMap(([path, norm]) => Array.from(norm.namedParameters(path), ([name]) => name)))
}

/** Processor time of this process so far, of all its threads. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function count(parameters: readonly (readonly [string, Tensor])[]): number {
  return parameters.reduce((sum, [, parameter]) => sum + parameter.numel, 0)
}

function adapterParameters(model: ResolvedTrainerOptions['model']): [string, Tensor][] {
  return [...model.namedModules()].flatMap(([, module]) => module.adapterParameters())
}
