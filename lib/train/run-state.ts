import { basename, join } from 'node:path'
import type { BatchSampler } from '../data/index.ts'
import { agree } from '../distributed/agreement.ts'
import { peakResidentBytes } from '../memory.ts'
import type { Optimizer } from '../optim/optimizer.ts'
import { rngState, setRngState } from '../random.ts'
import type { Device, Tensor } from '../tensor.ts'
import type { BestModel } from './best-model.ts'
import {
  type DamagedCheckpoint,
  findCheckpoint,
  restoreTensors,
  saveCheckpoint,
  type TrainerState,
} from './checkpoint.ts'
import type { TrainerEvent, TrainingSummary } from './events.ts'
import { checkIdentity, type RunIdentity } from './identity.ts'
import type { ResolvedTrainerOptions } from './options.ts'
import type { RunSettings } from './run-settings.ts'
import type { Verdict } from './verdict.ts'

type StepEvent = Extract<TrainerEvent, { type: 'step' }>
type CheckpointEvent = Extract<TrainerEvent, { type: 'checkpoint' }>

/** What a run consists of, beside the model. */
interface RunParts {
  options: ResolvedTrainerOptions
  settings: RunSettings
  /** Of what trains. */
  device: Device
  identity: RunIdentity
  parameters: readonly (readonly [path: string, parameter: Tensor])[]
  optimizer: Optimizer
  sampler: BatchSampler
  bestModel: BestModel
}

/** Where a run stands and what it has taken: written into checkpoints, read from them, summed up at the end. */
export class RunState {
  readonly #of: RunParts
  /** Of the checkpoint that the run resumed from, and of the updates since; wall and CPU time without this process's. */
  readonly #spent = { wallSeconds: 0, cpuSeconds: 0, trainSeconds: 0, examples: 0, tokens: 0 }
  readonly #began = { wall: performance.now(), cpu: cpuSeconds() }
  /** Of all ranks together. */
  #batchesPerUpdate: number
  #savedStep = 0

  constructor(of: RunParts) {
    this.#of = of
    this.#batchesPerUpdate = of.options.gradientAccumulationSteps * of.options.group.worldSize
  }

  get batchesPerUpdate(): number {
    return this.#batchesPerUpdate
  }

  /** Updates that the whole run makes. */
  totalSteps(batchesPerUpdate = this.#batchesPerUpdate): number {
    const { options, sampler } = this.#of
    return totalUpdates(sampler, { ...options, batchesPerUpdate })
  }

  /** Counts an update. */
  add({ examples, tokens, seconds }: StepEvent): void {
    this.#spent.examples += examples
    this.#spent.tokens += tokens
    this.#spent.trainSeconds += seconds
  }

  /** Writes a checkpoint after update `step`; one of the ranks does. Nothing where there is one already. */
  async save(step: number): Promise<CheckpointEvent | null> {
    if (step === this.#savedStep) return null
    this.#savedStep = step
    const { options, device, identity, sampler, bestModel } = this.#of
    const began = performance.now()
    const folder = join(options.outputDir!, 'checkpoints')
    if (options.group.rank > 0)
      return { type: 'checkpoint', step, path: join(folder, `step-${step}`), seconds: 0 }
    const path = await saveCheckpoint(folder, this.#tensors(), {
      format: 2,
      step,
      identity,
      batchesPerUpdate: this.#batchesPerUpdate,
      sampler: sampler.state(),
      rng: Buffer.from(rngState()).toString('base64'),
      ...(device === 'cpu' ? {} : { deviceRng: Buffer.from(rngState(device)).toString('base64') }),
      ...bestModel.state(),
      spent: this.#spentNow(),
    })
    return { type: 'checkpoint', step, path, seconds: (performance.now() - began) / 1000 }
  }

  /** @returns the update that the checkpoint was taken after, 0 when there is none, and newer ones that are damaged */
  async resume(): Promise<{ resumedAt: number; damaged: DamagedCheckpoint[] }> {
    const { options, device, identity, sampler, bestModel } = this.#of
    const found = await findCheckpoint(join(options.outputDir!, 'checkpoints'), {
      totalSteps: (batchesPerUpdate = options.gradientAccumulationSteps) => this.totalSteps(batchesPerUpdate),
    })
    if (options.group.worldSize > 1) await agree({ checkpoint: found ? basename(found.path) : 'none' })
    if (!found) return { resumedAt: 0, damaged: [] }
    const { path, state, damaged } = found
    checkIdentity(identity, state, path)
    // As large an update as before, on however many ranks.
    this.#batchesPerUpdate = state.batchesPerUpdate ?? options.gradientAccumulationSteps
    sampler.restore(state.sampler)
    await restoreTensors(join(path, 'tensors.safetensors'), this.#tensors())
    setRngState(new Uint8Array(Buffer.from(state.rng, 'base64')))
    if (state.deviceRng) setRngState(new Uint8Array(Buffer.from(state.deviceRng, 'base64')), device)
    damaged.push(...(await bestModel.resume(state)))
    Object.assign(this.#spent, state.spent)
    this.#savedStep = state.step
    return { resumedAt: state.step, damaged }
  }

  /** What the run came to after `steps` updates. */
  summary(
    steps: number,
    { interrupted, verdict }: { interrupted: boolean; verdict: Verdict },
  ): TrainingSummary {
    const { options, settings, parameters, optimizer, sampler, bestModel } = this.#of
    const { wallSeconds, cpuSeconds, trainSeconds, tokens, examples } = this.#spentNow()
    const perSecond = (count: number) => (trainSeconds > 0 ? count / trainSeconds : 0)
    return {
      steps,
      epochs: sampler.epoch + sampler.batchInEpoch / sampler.batchesInEpoch,
      interrupted,
      trainableParameters: countElements(parameters),
      optimizerStateBytes: optimizer.stateBytes,
      wallSeconds,
      cpuSeconds,
      trainSeconds,
      tokensPerSecond: perSecond(tokens),
      examplesPerSecond: perSecond(examples),
      peakResidentBytes: peakResidentBytes(),
      settings,
      warning: interrupted ? null : verdict.warning({ learningRate: options.learningRate, updates: steps }),
      bestMetric: bestModel.metric,
      best: bestModel.best,
      final: bestModel.final,
    }
  }

  #spentNow(): TrainerState['spent'] {
    const before = this.#spent
    return {
      ...before,
      wallSeconds: before.wallSeconds + (performance.now() - this.#began.wall) / 1000,
      cpuSeconds: before.cpuSeconds + cpuSeconds() - this.#began.cpu,
    }
  }

  #tensors(): Map<string, Tensor> {
    const { parameters, optimizer } = this.#of
    return new Map([
      ...parameters.map(([path, parameter]): [string, Tensor] => [`parameter.${path}`, parameter]),
      ...Array.from(optimizer.state(), ([name, tensor]): [string, Tensor] => [`optimizer.${name}`, tensor]),
    ])
  }
}

/** Elements of tensors, all together. */
export function countElements(parameters: readonly (readonly [string, Tensor])[]): number {
  return parameters.reduce((sum, [, parameter]) => sum + parameter.numel, 0)
}

/** Processor time of this process so far, of all its threads. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Updates that so many epochs of a sampler's batches make, an epoch's last of what is left. */
export function totalUpdates(
  sampler: BatchSampler,
  {
    epochs,
    maxSteps,
    batchesPerUpdate,
  }: Pick<ResolvedTrainerOptions, 'epochs' | 'maxSteps'> & { batchesPerUpdate: number },
): number {
  let steps = 0
  let before = 0
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const batches = sampler.totalBatches(epoch)
    steps += Math.ceil((batches - before) / batchesPerUpdate)
    before = batches
  }
  return Math.min(steps, maxSteps ?? steps)
}
