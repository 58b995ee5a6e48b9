import { basename, join } from 'node:path'
import { Command } from 'commander'
import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { taskTypeNames } from '../tasks/registry.ts'
import type { SequenceClassification } from '../tasks/sequence-classification.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
import type { Tracker } from '../train/curves.ts'
import type { TrainerOptions } from '../train/options.ts'
import { optionsOfFlags } from '../train/training-schema.ts'
import { type Dataset, describeDataset, readDataset } from './dataset.ts'
import { exitInterrupted, exitTerminated, interruptible } from './failure.ts'
import { follow, printSummary, summaryOf } from './follow-run.ts'
import { measureTexts } from './measure-texts.ts'
import { methodConfig, methodIdentity, methodOfAdapter, methodOptimizer } from './methods.ts'
import { applyRunFlags } from './options.ts'
import { progressBar } from './progress.ts'
import { RunFiles } from './run-files.ts'
import { withSupervisor } from './supervisor.ts'
import { type TrainFlags, withTraining } from './train-flags.ts'

/** `torch-lora train`: fine-tunes a model for a task and writes RUN/adapter (or RUN/model), metrics.jsonl and summary.json. */
export function trainCommand(): Command {
  return withTraining(new Command('train'))
    .description(
      'Fine-tune an encoder with LoRA, another method or in full, on a GLUE task or on your own files',
    )
    .action(train)
}

async function train(flags: TrainFlags): Promise<void> {
  const { distributed } = await import('../distributed/index.ts')
  const { rank, worldSize } = await distributed.init()
  const { AutoTokenizer } = await import('../tokenizer/index.ts')
  const { applyAdapter } = await import('../adapters/apply.ts')
  const { loadAdapter, saveAdapter } = await import('../adapters/adapter.ts')
  const { Trainer } = await import('../train/trainer.ts')
  const { noteTraining, writeModelCard } = await import('../models/model-card.ts')
  const { machineName, trainingFacts } = await import('../train/training-facts.ts')
  const { taskOfModel } = await import('../inference/task-of-model.ts')
  const { loadPretrained, readHeadLabels } = await import('../models/pretrained.ts')

  const dataset = await readDataset(flags, { training: true })
  if (rank === 0) describeDataset(dataset)
  if (flags.deterministic) {
    const { useDeterministicAlgorithms } = await import('../memory.ts')
    useDeterministicAlgorithms(true)
  }
  const place = await applyRunFlags(flags)
  const { type } = dataset
  // The head of another task has the same name in a checkpoint, and is none to go on from.
  const madeFor = await taskOfModel(flags.model)
  const head = madeFor && madeFor.kind.architecture !== type.kind.architecture ? 'fresh' : flags.head
  const own = head === 'fresh' ? null : await readHeadLabels(flags.model)
  const chosen = type.forTraining(own, { ...dataset, names: flags.labels }, flags)
  const model = await loadPretrained(type.kind, flags.model, {
    head,
    ...chosen,
    ...place,
    seed: flags.seed,
  })
  const tokenizer = await AutoTokenizer.fromPretrained(flags.model, type.tokenizer)
  if (flags.full) model.setRequiresGrad(true)
  else if (flags.adapter)
    await loadAdapter(model, flags.adapter, { trainable: true, head: 'keep', loraAlpha: flags.alpha })
  else {
    const { manualSeed } = await import('../random.ts')
    manualSeed(flags.seed)
    applyAdapter(model, await methodConfig(flags, flags.model))
    if (flags.initLoraWeights === 'eva') {
      const { initializeLoraEvaWeights } = await import('../adapters/eva.ts')
      const { train: examples } = dataset
      await interruptible((signal) =>
        initializeLoraEvaWeights(model, { tokenizer, examples, maxLength: flags.maxLength, signal }),
      )
    }
  }
  if (flags.gradientCheckpointing) model.setGradientCheckpointing(true)
  if (flags.until !== undefined && dataset.evaluate.length === 0)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      '--until pauses after an evaluation, and there is nothing to measure on: give --eval, or leave --eval-share away.',
    )
  if (flags.calibrate) {
    const { requireClasses } = await import('../train/calibrate.ts')
    requireClasses(model.task)
    if (dataset.evaluate.length === 0)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        '--calibrate fits a temperature to texts that were not trained on, and there are none: give --eval, or leave --eval-share away.',
      )
  }
  // One of the ranks writes and prints.
  const files = rank === 0 ? await RunFiles.open(flags.out, { resume: flags.resume ?? false }) : null
  const settings: TrainerOptions = {
    model,
    tokenizer,
    train: dataset.train,
    evaluate: dataset.evaluate.length > 0 ? dataset.evaluate : undefined,
    ...optionsOfFlags(flags),
    metrics: flags.metrics ?? dataset.metrics,
    optimizer: await methodOptimizer(flags, { model, optimizer: flags.optimizer }),
    cudaGraphs: flags.cudaGraphs,
    outputDir: flags.out,
    resume: flags.resume,
    identity: identityOf({ ...flags, dtype: model.dtype }),
  }
  // What does not fit, and a tracker that cannot be reached, are said before a rate is looked for.
  let trainer = new Trainer(settings)
  const trackers = files ? await openTrackers(flags) : []
  let asked: unknown
  const running = async () => {
    if (flags.findLr) trainer = new Trainer({ ...settings, ...(await lookForRate(settings, files, flags)) })
    return await interruptible((signal) => {
      signal.addEventListener('abort', () => {
        asked = signal.reason
      })
      const events = trainer.run({ signal: withSupervisor(signal) })
      return files ? follow(events, files, { ...flags, trackers }) : summaryOf(events, flags)
    })
  }
  const summary = await running().catch(async (error) => {
    for (const tracker of trackers) await tracker.end('failed')
    throw error
  })
  const how = !summary || summary.interrupted ? 'interrupted' : 'finished'
  for (const tracker of trackers) await tracker.end(how, summary?.best?.metrics)
  await distributed.close()
  if (!summary) {
    if (files) await files.writePaused({ metric: trainer.bestMetric, epoch: flags.until! })
    if (files) console.error(`Paused after epoch ${flags.until}, with a checkpoint. Go on with --resume.`)
    return await tokenizer.close()
  }
  if (summary.interrupted) {
    if (rank === 0)
      console.error(
        `Interrupted after update ${summary.steps}; a checkpoint is saved. Go on with the same command and --resume.`,
      )
    // A rank that was not asked itself ends as the launcher asked another.
    const terminated = asked === 'SIGTERM' || (asked === undefined && worldSize > 1)
    process.exitCode = terminated ? exitTerminated : exitInterrupted
    return
  }
  if (!files) return await tokenizer.close()
  if (flags.calibrate) await calibrateBest(model, tokenizer, { dataset, maxLength: flags.maxLength })
  const output = join(flags.out, flags.full ? 'model' : 'adapter')
  if (flags.full) await model.savePretrained(output)
  else await saveAdapter(model, output)
  const method = flags.full ? 'full' : flags.adapter ? await methodOfAdapter(model) : flags.method
  const { loraState } = await import('../adapters/state.ts')
  // As it was resolved: rank, alpha, targets.
  const adapterConfig = flags.full ? null : loraState(model).config.toJson(model.task.peftType)
  const result = {
    task: flags.task ?? null,
    method,
    ...summary,
    finished: new Date().toISOString(),
    machine: machineName(model.device),
    dtype: model.dtype,
    ...(adapterConfig && { adapterConfig }),
    configuration: configurationOf(flags),
  }
  const measured =
    dataset.evaluate.length > 0
      ? await measureTexts(model, tokenizer, {
          what: 'evaluating the best',
          examples: dataset.evaluate,
          metrics: trainer.metrics,
          maxLength: flags.maxLength,
          cudaGraphs: flags.cudaGraphs,
        })
      : undefined
  if (measured) await files.writeEvaluation(measured.evaluation)
  noteTraining(
    model,
    trainingFacts({
      method,
      base: flags.model,
      dataset: flags.task ?? basename(flags.train!),
      rows: { train: dataset.train.length, evaluate: dataset.evaluate.length },
      summary,
      evaluation: measured?.evaluation,
      device: model.device,
    }),
  )
  await writeModelCard(model, output, flags.full ? 'model' : 'adapter')
  await files.writeSummary(result)
  if (flags.json) console.log(JSON.stringify(result))
  else printSummary(summary, output)
  await tokenizer.close()
}

/**
 * The learning rates that a short run finds, or has found before this one was resumed; none where the loss falls nowhere.
 * @throws TorchLoraError INVALID_ARGUMENT for several ranks
 */
async function lookForRate(
  settings: TrainerOptions,
  files: RunFiles | null,
  { headLr, resume }: TrainFlags,
): Promise<Pick<TrainerOptions, 'learningRate' | 'headLearningRate'>> {
  const { findLearningRate } = await import('../train/find-learning-rate.ts')
  let found = resume ? await files?.readLearningRates() : null
  if (!found) {
    const bar = progressBar('looking for a learning rate {bar} {value}/{total} | {rate} | loss {loss}')
    const updates = 120
    bar.start(updates, 0, { rate: '-', loss: '-' })
    found = await interruptible((signal) =>
      findLearningRate(settings, {
        updates,
        signal,
        onPoint: ({ learningRate, loss }) =>
          bar.increment(1, { rate: learningRate.toExponential(1), loss: loss.toFixed(4) }),
      }),
    ).finally(() => bar.stop())
    await files?.writeLearningRates(found)
  }
  const { learningRate, headLearningRate } = found
  console.error(
    learningRate === null
      ? 'The loss falls at no learning rate from 1e-6 to 1 by more than chance would have it; the one that is chosen without looking is taken.'
      : `The loss falls fastest around a learning rate of ${learningRate}, which is taken.`,
  )
  if (learningRate === null || headLearningRate === null) return {}
  return { learningRate, headLearningRate: headLr ?? headLearningRate }
}

/** The flags that say what a run is, and not how far it goes this time. */
function configurationOf({ resume: _, json: __, until: ___, ...configuration }: TrainFlags) {
  return configuration
}

/** Where else the run is to be seen. @throws TorchLoraError NETWORK, INVALID_ARGUMENT, INVALID_FILE */
async function openTrackers(flags: TrainFlags): Promise<Tracker[]> {
  const { out: directory, experiment, mlflow, ...parameters } = configurationOf(flags)
  const trackers: Tracker[] = []
  if (mlflow) {
    const { MlflowRun } = await import('../train/mlflow.ts')
    const uri = mlflow === true ? undefined : mlflow
    trackers.push(
      await MlflowRun.create({ uri, experiment, directory, resume: flags.resume ?? false, parameters }),
    )
  }
  if (flags.wandb) {
    const { WandbRun } = await import('../train/wandb.ts')
    trackers.push(await WandbRun.create({ project: experiment, directory, parameters }))
  }
  return trackers
}

/** Fits the temperature of the model that is kept, and says what it is good for. */
async function calibrateBest(
  model: Model,
  tokenizer: Tokenizer,
  { dataset, maxLength }: { dataset: Dataset; maxLength?: number },
) {
  const { calibrate } = await import('../train/calibrate.ts')
  const { temperature, ece } = await calibrate({
    model: model as unknown as Model<SequenceClassification>, // looked at before training
    tokenizer,
    examples: dataset.evaluate,
    maxLength,
  })
  console.error(
    temperature === 1
      ? 'No temperature fits: the answers to the texts to measure on are all right, or no better than a guess. It stays 1.'
      : `temperature ${temperature.toPrecision(3)}: calibration error ${ece.before.toFixed(4)} before, ${ece.after.toFixed(4)} after`,
  )
}

/** What a resumed run must share with the first beside the trainer's own options. */
function identityOf({ taskType, model, full, adapter, head, ...flags }: TrainFlags) {
  // Runs from before there was a choice go on.
  const chosen = {
    dtype: flags.dtype === 'float32' ? undefined : flags.dtype,
    taskType: taskType === taskTypeNames[0] ? undefined : taskType,
    loss: flags.loss,
    pooling: flags.pooling,
    matryoshkaDims: flags.matryoshkaDims,
    wholeWords: flags.wholeWords,
    blockSize: flags.blockSize,
    maskProbability: flags.maskProbability,
  }
  if (full) return { model, method: 'full', head, ...chosen }
  return adapter
    ? { model, adapter, alpha: flags.alpha, head, ...chosen }
    : { model, ...methodIdentity(flags), head, ...chosen }
}
