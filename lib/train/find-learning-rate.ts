import { hasLora, loraState } from '../adapters/state.ts'
import { BatchSampler } from '../data/index.ts'
import { inGroup } from '../distributed/world.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { callback, number, type Rules, readOptions, signal, whole } from '../options.ts'
import { manualSeed, rngState, setRngState } from '../random.ts'
import { mean } from '../tasks/arithmetic.ts'
import type { Task } from '../tasks/task.ts'
import type { RatePoint } from './learning-rates-file.ts'
import { resolveTrainerOptions, type TrainerOptions } from './options.ts'
import { totalUpdates } from './run-state.ts'
import { compileTrainingStep } from './step.ts'
import { fallingRate } from './suggest-rate.ts'
import { TextPlan } from './text-plan.ts'
import { runOptimizer, trainedParameters } from './trained-parameters.ts'
import { Updates } from './updates.ts'

/** Which learning rates {@link findLearningRate} goes through. */
export interface LearningRateSweep {
  /** The first. Default 1e-6. */
  from?: number | undefined
  /** The last. Default 1. */
  to?: number | undefined
  /** Updates from the first to the last, each at a rate so many times that of the one before. Default 120, at least 20. */
  updates?: number | undefined
  /** Called after every update. */
  onPoint?: ((point: RatePoint) => void) | undefined
  signal?: AbortSignal | undefined
}

/** What the sweep found. */
export interface FoundLearningRate {
  /** What to train with; null where the loss fell nowhere. */
  learningRate: number | null
  /** The same for the head, as many times the other as in the sweep. */
  headLearningRate: number | null
  /** Learning rate and loss of each update; the last is where the loss broke out, if it did. */
  points: RatePoint[]
}

const rules: Rules<LearningRateSweep> = {
  from: number({ above: 0 }),
  to: number({ above: 0 }),
  updates: whole(20),
  onPoint: callback,
  signal,
}

/** A loss so many times the least one, both over so many updates, has broken out: what comes after says nothing. */
const breakout = { times: 4, updates: 10 }

/**
 * One short run at a learning rate that grows with every update from too small to too large (Smith, "Cyclical Learning
 * Rates for Training Neural Networks", WACV 2017, section 3.3). The rate at which the loss falls fastest, over half a
 * decade to either side, is the one to train with. Parameters, gradients, what an adapter keeps beside them and random
 * numbers are afterwards what they were; the model trains as a Trainer with these options would train it, without its
 * schedule of rates.
 * @throws TorchLoraError INVALID_ARGUMENT as Trainer, for a range that is upside down, an optimizer that is made already,
 * or one of several ranks; ABORTED on the signal; OUT_OF_MEMORY, NATIVE
 */
export async function findLearningRate<T extends Task>(
  options: TrainerOptions<T>,
  sweep: LearningRateSweep = {},
): Promise<FoundLearningRate> {
  const {
    from = 1e-6,
    to = 1,
    updates: count = 120,
    onPoint,
    signal,
  } = readOptions('findLearningRate', sweep, rules)
  if (from >= to)
    throw refused(`\`from\` is ${from} and \`to\` is ${to}: the first rate must be the smaller one.`)
  const resolved = resolveTrainerOptions(options as unknown as TrainerOptions)
  const { model, group, batchSize, maxTokens, seed, maxGradNorm } = resolved
  if (inGroup(group)) throw refused('several ranks cannot look together: run it in one process.')
  if (typeof resolved.optimizer === 'object')
    throw refused(
      'an optimizer that is made already would keep what it learned here: give its name or a function.',
    )
  const plan = new TextPlan({ ...resolved, evaluate: undefined })
  const parameters = trainedParameters(model)
  using work = await plan.prepare(group)
  const sampler = new BatchSampler({ lengths: work.lengths, batchSize, maxTokens, seed })
  const adapter = hasLora(model) ? loraState(model) : null
  const kept = [
    ...parameters.map(([, parameter]) => parameter),
    ...[...(adapter?.layers.values() ?? [])].flatMap((layer) => layer.constants()),
  ]
  const before = noGrad(() => kept.map((tensor) => tensor.detach().clone()))
  const config = adapter?.config
  const generator = rngState()
  const { training } = model
  manualSeed(seed)
  const points: RatePoint[] = []
  let least = Number.POSITIVE_INFINITY
  try {
    const { optimizer, made } = runOptimizer(model, parameters, resolved)
    using _made = made
    // Of the run that is to come: AdaLoRA's ranks go by its length.
    const batchesPerUpdate = resolved.gradientAccumulationSteps
    optimizer.begin?.(totalUpdates(sampler, { ...resolved, batchesPerUpdate }))
    const step = compileTrainingStep(work.model, optimizer, { maxGradNorm, loss: work.loss })
    const updates = new Updates({
      step,
      sampler,
      work,
      totalSteps: count,
      options: resolved,
      batchesPerUpdate,
      graphs: false,
      rate: (done) => from * (to / from) ** (done / (count - 1)),
    })
    try {
      for (let done = 0; done < count; done++) {
        if (signal?.aborted)
          throw new TorchLoraError('ABORTED', 'The search for a learning rate was aborted.', {
            cause: signal.reason,
          })
        const point = await pointOf(updates.submit(done).result)
        if (!point) break
        points.push(point)
        onPoint?.(point)
        if (points.length < breakout.updates) continue
        const recent = mean(points.slice(-breakout.updates).map(({ loss }) => loss))
        least = Math.min(least, recent)
        if (recent > breakout.times * least) break
      }
    } finally {
      step.dispose()
      updates.dispose()
      optimizer.zeroGrad()
    }
  } finally {
    noGrad(() => {
      for (const [i, tensor] of kept.entries()) ops.copy_(tensor, before[i]!)
    })
    if (adapter) adapter.config = config!
    for (const tensor of before) tensor.dispose()
    setRngState(generator)
    if (!training) model.eval()
  }
  const learningRate = fallingRate(points)
  const ofHead = resolved.headLearningRate / resolved.learningRate
  const headLearningRate = learningRate === null ? null : Number((learningRate * ofHead).toPrecision(2))
  return { learningRate, headLearningRate, points }
}

/** Null where the update left no loss that is a number: there the sweep ends. */
async function pointOf(result: ReturnType<Updates['submit']>['result']): Promise<RatePoint | null> {
  try {
    const { learningRate, loss } = (await result).event
    return { learningRate, loss }
  } catch (thrown) {
    if (thrown instanceof TorchLoraError && thrown.code === 'DIVERGED') return null
    throw thrown
  }
}

function refused(problem: string): TorchLoraError {
  return new TorchLoraError('INVALID_ARGUMENT', `findLearningRate: ${problem}`)
}
