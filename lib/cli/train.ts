import { basename, join } from 'node:path'
import { Command, Option } from 'commander'
import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { type ScheduleName, scheduleNames } from '../optim/schedule.ts'
import { taskTypeNames } from '../tasks/registry.ts'
import { sentencePoolings } from '../tasks/sentence-folder.ts'
import { sentenceLosses } from '../tasks/sentence-losses.ts'
import type { SequenceClassification } from '../tasks/sequence-classification.ts'
import type { TaskSettings } from '../tasks/task-type.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
import type { Tracker } from '../train/curves.ts'
import type { TrainerEvent, TrainingSummary } from '../train/events.ts'
import type { TrainerOptions } from '../train/options.ts'
import { describeSettings } from '../train/run-settings.ts'
import { type Dataset, type DatasetFlags, describeDataset, readDataset, withDataset } from './dataset.ts'
import { exitInterrupted, exitTerminated, interruptible } from './failure.ts'
import { measureTexts } from './measure-texts.ts'
import {
  type MethodFlags,
  methodConfig,
  methodFlagNames,
  methodIdentity,
  methodOfAdapter,
  methodOptimizer,
  withMethod,
} from './methods.ts'
import { maxLengthOption } from './model-flags.ts'
import {
  applyRunFlags,
  classWeights,
  fraction,
  interval,
  nonNegativeNumber,
  positiveNumber,
  type RunFlags,
  sizes,
  wholeNumber,
  withDevice,
} from './options.ts'
import { formatTime, progressBar } from './progress.ts'
import { RunFiles } from './run-files.ts'
import { supervise, withSupervisor } from './supervisor.ts'

interface TrainFlags extends DatasetFlags, RunFlags, TaskSettings, MethodFlags {
  model: string
  out: string
  full?: boolean
  adapter?: string
  head?: 'fresh'
  epochs?: number
  maxSteps?: number
  batchSize?: number
  maxTokens?: number
  accumulate: number
  lr?: number
  findLr?: boolean
  headLr?: number
  optimizer: 'adamw' | 'muon'
  schedule: ScheduleName
  schedulePower?: number
  scheduleCycles?: number
  classWeights?: 'balanced' | Record<string, number>
  labelSmoothing?: number
  warmup: number
  warmupSteps?: number
  weightDecay: number
  clip: number
  metric?: string
  maxLength?: number
  seed: number
  patience?: number
  calibrate?: boolean
  evalEvery: 'epoch' | number
  checkpointEvery: 'epoch' | number
  logEvery: number
  until?: number
  tensorboard?: boolean
  mlflow?: string | true
  wandb?: boolean
  experiment?: string
  gradientCheckpointing?: boolean
  baseDtype?: 'int8'
  resume?: boolean
  json?: boolean
}

/** `torch-lora train`: fine-tunes a model for a task and writes RUN/adapter (or RUN/model), metrics.jsonl and summary.json. */
export function trainCommand(): Command {
  const command = new Command('train')
    .description(
      'Fine-tune an encoder with LoRA, another method or in full, on a GLUE task or on your own files',
    )
    .requiredOption('--model <dir or id>', 'base model: a folder, or a name on the Hugging Face hub')
    .requiredOption(
      '--out <dir>',
      'folder of the run: adapter/ (or model/), metrics.jsonl, summary.json, checkpoints/',
    )
  withDataset(command, { training: true })
  command
    .option('--full', 'train every parameter instead of LoRA')
    .addOption(
      new Option(
        '--adapter <dir>',
        "start from this adapter, at its rank and targets (of a loralib checkpoint with --alpha), with the model's own head",
      ).conflicts(['full', 'method', ...methodFlagNames.filter((name) => name !== 'alpha')]),
    )
    .addOption(
      new Option(
        '--head <which>',
        "'fresh' trains a new head, for other labels than those of the model's",
      ).choices(['fresh']),
    )
  withMethod(command)
  command
    .option('--epochs <count>', 'passes over the training set (default: 3, more of a small set)', wholeNumber)
    .option('--max-steps <updates>', 'updates at most; without --epochs as many', wholeNumber)
    .option(
      '--batch-size <count>',
      'examples a batch (default: 16, fewer of a small set, or no limit with --max-tokens)',
      wholeNumber,
    )
    .option('--max-tokens <count>', 'tokens a batch at most', wholeNumber)
    .option('--accumulate <batches>', 'batches whose gradients are added up before an update', wholeNumber, 1)
    .option(
      '--lr <rate>',
      "peak learning rate (default: by the encoder's width, 4e-4 of a base, with --full 2e-5; the method's own of others than LoRA, DoRA and LoRA-FA)",
      positiveNumber,
    )
    .addOption(
      new Option(
        '--find-lr',
        'look for it first, in one short run from 1e-6 to 1: where the loss falls fastest; the report draws it',
      ).conflicts('lr'),
    )
    .option(
      '--head-lr <rate>',
      'that of the head (default: the same, of a fresh head in a short run at least 2e-3)',
      positiveNumber,
    )
    .addOption(
      new Option('--optimizer <name>', 'what moves the parameters')
        .choices(['adamw', 'muon'])
        .default('adamw'),
    )
    .addOption(
      new Option('--schedule <name>', 'how the learning rate moves after the warm-up')
        .choices([...scheduleNames])
        .default('linear'),
    )
    .option('--schedule-power <number>', 'of polynomial (default: 2)', positiveNumber)
    .option('--schedule-cycles <count>', 'of cosine_with_restarts (default: 2)', positiveNumber)
    .option(
      '--class-weights <weights>',
      "what a label counts: 'balanced', or NAME=NUMBER,... (default: all 1)",
      classWeights,
    )
    .option('--label-smoothing <share>', 'of a label, spread over all classes', fraction)
    .option('--warmup <share>', 'share of the updates that warm up', fraction, 0.06)
    .option('--warmup-steps <updates>', 'updates that warm up, instead of --warmup', wholeNumber)
    .option('--weight-decay <number>', 'decoupled weight decay', nonNegativeNumber, 0)
    .option('--clip <norm>', 'scale gradients to at most this norm; 0 does not', nonNegativeNumber, 1)
    .addOption(maxLengthOption())
    .option(
      '--gradient-checkpointing',
      'compute activations again in the backward pass: a third more work, much less memory',
    )
    .addOption(
      new Option(
        '--base-dtype <name>',
        'train over the 8-bit codes of the frozen weights that --dtype int8 serves, on the CPU',
      ).choices(['int8']),
    )
    .addOption(
      new Option('--loss <name>', 'of sentence similarity (default: by what the examples are)').choices(
        sentenceLosses,
      ),
    )
    .addOption(
      new Option(
        '--pooling <name>',
        'of sentence similarity: how tokens become a vector (default: what the model says, else mean)',
      ).choices(sentencePoolings),
    )
    .option(
      '--matryoshka-dims <sizes>',
      'of sentence similarity: sizes that vectors are to be good at',
      sizes,
    )
    .option(
      '--chunk <texts>',
      'of sentence similarity: texts a pass, for batches larger than what fits',
      wholeNumber,
    )
    .option('--whole-words', 'of masked words: hide all tokens of a word')
    .option('--block-size <tokens>', 'of masked words: tokens of a block (default: 128)', wholeNumber)
    .option(
      '--mask-probability <share>',
      'of masked words: share of tokens to hide (default: 0.15)',
      fraction,
    )
    .option('--seed <number>', 'of batch order, dropout and fresh parameters', wholeNumber, 0)
    .option('--metric <name>', "what chooses the best model, or 'loss' (default: the task's first metric)")
    .option('--patience <count>', 'stop after so many evaluations without a better one', wholeNumber)
    .option(
      '--calibrate',
      'fit a temperature to the texts to measure on, so that a score of 0.8 is right in 8 of 10 cases, and keep it with the model',
    )
    .option('--eval-every <interval>', "'epoch' or a number of updates", interval, 'epoch')
    .option('--checkpoint-every <interval>', "'epoch' or a number of updates", interval, 'epoch')
    .option('--log-every <updates>', 'updates between two lines of metrics.jsonl', wholeNumber, 10)
    .option('--tensorboard', 'write TensorBoard event files into --out too')
    .option('--mlflow [uri]', 'log to an MLflow tracking server too (default: MLFLOW_TRACKING_URI)')
    .option('--wandb', 'write an offline run of Weights & Biases into --out too, for `wandb sync`')
    .option(
      '--experiment <name>',
      "MLflow's experiment and W&B's project (default: MLFLOW_EXPERIMENT_NAME, WANDB_PROJECT, else torch-lora)",
    )
    .option(
      '--until <epochs>',
      'pause after the evaluation of so many epochs, with a checkpoint: --resume goes on as if it had not',
      wholeNumber,
    )
    .option('--resume', 'go on from the newest checkpoint in --out')
    .option('--json', 'print the summary as JSON on stdout')
  return withDevice(command).action(train)
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
    metrics: dataset.metrics,
    epochs: flags.epochs,
    batchSize: flags.batchSize,
    maxTokens: flags.maxTokens,
    gradientAccumulationSteps: flags.accumulate,
    maxSteps: flags.maxSteps,
    learningRate: flags.lr,
    headLearningRate: flags.headLr,
    loraplusLrRatio: flags.loraplusLrRatio,
    optimizer: await methodOptimizer(flags, { model, optimizer: flags.optimizer }),
    schedule: flags.schedule,
    scheduleShape: shapeOf(flags),
    classWeights: flags.classWeights,
    labelSmoothing: flags.labelSmoothing,
    warmupRatio: flags.warmup,
    warmupSteps: flags.warmupSteps,
    weightDecay: flags.weightDecay,
    maxGradNorm: flags.clip,
    bestMetric: flags.metric,
    maxLength: flags.maxLength,
    seed: flags.seed,
    patience: flags.patience,
    evaluateEvery: flags.evalEvery,
    checkpointEvery: flags.checkpointEvery,
    cudaGraphs: flags.cudaGraphs,
    baseDtype: flags.baseDtype,
    outputDir: flags.out,
    resume: flags.resume,
    identity: identityOf({ ...flags, dtype: model.dtype }),
  }
  const trainer = new Trainer({
    ...settings,
    ...(flags.findLr && (await lookForRate(settings, files, flags))),
  })
  const trackers = files ? await openTrackers(flags) : []
  let asked: unknown
  const summary = await interruptible((signal) => {
    signal.addEventListener('abort', () => {
      asked = signal.reason
    })
    const events = trainer.run({ signal: withSupervisor(signal) })
    return files ? follow(events, files, { ...flags, trackers }) : summaryOf(events, flags)
  }).catch(async (error) => {
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
    ...(adapterConfig && { adapterConfig }),
    configuration: configurationOf(flags),
  }
  const measured =
    dataset.evaluate.length > 0
      ? await measureTexts(model, tokenizer, {
          what: 'evaluating the best',
          examples: dataset.evaluate,
          metrics: dataset.metrics,
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
  { headLr }: TrainFlags,
): Promise<Pick<TrainerOptions, 'learningRate' | 'headLearningRate'>> {
  const { findLearningRate } = await import('../train/find-learning-rate.ts')
  let found = await files?.readLearningRates()
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

/** Undefined where neither is given: runs from before there was a choice go on. */
function shapeOf({ schedulePower: power, scheduleCycles: cycles }: TrainFlags) {
  return power === undefined && cycles === undefined ? undefined : { power, cycles }
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

/** Runs to the end without a word. @returns undefined where it paused before */
async function summaryOf(
  events: AsyncGenerator<TrainerEvent>,
  flags: TrainFlags,
): Promise<TrainingSummary | undefined> {
  let summary: TrainingSummary | undefined
  for await (const event of events) {
    if (event.type === 'end') summary = event.summary
    if (pausesAt(event, flags)) break
  }
  return summary
}

/** Whether a run is to pause here: the loop that is left then leaves a checkpoint. */
function pausesAt(event: TrainerEvent, { until }: TrainFlags): boolean {
  return until !== undefined && event.type === 'evaluation' && event.epoch >= until - 1e-6
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

/** Shows the run's events as a progress bar and writes them to its files. @returns undefined where it paused */
async function follow(
  events: AsyncGenerator<TrainerEvent>,
  files: RunFiles,
  { trackers, ...flags }: TrainFlags & { trackers: Tracker[] },
): Promise<TrainingSummary | undefined> {
  const bar = progressBar(
    'training {bar} {percentage}% update {value}/{total} | loss {loss} | {tokens} tokens/s | {left}',
  )
  let summary: TrainingSummary | undefined
  let smoothed: number | undefined
  let speed = 0
  let first = { step: 0, at: 0 }
  // Of the whole run so far, evaluations included: cli-progress forgets what it knew whenever the bar stops for a line.
  let left = '?'
  try {
    for await (const event of events) {
      supervise(event)
      if (event.type === 'start') {
        await files.begin(event.resumedAt)
        for (const { problem } of event.damaged) console.error(`Damaged, and gone on without: ${problem}`)
        if (flags.tensorboard) {
          const { TensorBoardFile } = await import('../train/tensorboard.ts')
          trackers.push(await TensorBoardFile.create(flags.out, { firstStep: event.resumedAt + 1 }))
        }
        const share = ((100 * event.trainableParameters) / event.totalParameters).toFixed(2)
        console.error(
          `${event.trainableParameters.toLocaleString('en')} of ${event.totalParameters.toLocaleString('en')} parameters train (${share} %); ` +
            `optimizer state ${(event.optimizerStateBytes / 2 ** 20).toFixed(2)} MiB`,
        )
        const { length, rate } = describeSettings(event.settings)
        console.error(`${event.totalSteps} updates: ${length}, learning rate ${rate}`)
        if (event.truncated > 0)
          console.error(`${event.truncated} texts are longer than the model takes and were cut.`)
        if (event.resumedAt > 0) console.error(`Resuming after update ${event.resumedAt}.`)
        first = { step: event.resumedAt, at: performance.now() }
        bar.start(event.totalSteps, event.resumedAt, { loss: '-', tokens: '-', left })
      } else if (event.type === 'step') {
        smoothed = smoothed === undefined ? event.loss : 0.95 * smoothed + 0.05 * event.loss
        const now = event.tokens / event.seconds
        speed = speed === 0 ? now : 0.95 * speed + 0.05 * now
        const perStep = (performance.now() - first.at) / 1000 / (event.step - first.step)
        left = `${formatTime((event.totalSteps - event.step) * perStep, { autopaddingChar: '' }, 5)} left`
        bar.update(event.step, {
          loss: smoothed.toFixed(4),
          tokens: Math.round(speed).toLocaleString('en'),
          left,
        })
        if (event.step % Math.max(1, flags.logEvery) === 0 || event.step === event.totalSteps) {
          await files.log(event)
          for (const tracker of trackers) await tracker.log(event)
        }
      } else if (event.type === 'evaluating') {
        bar.update(event.step, { left: `evaluating ${event.examples.toLocaleString('en')} examples` })
      } else if (event.type === 'evaluation') {
        await files.log(event)
        for (const tracker of trackers) await tracker.log(event)
        bar.stop()
        console.error(
          `epoch ${event.epoch.toFixed(2)}: ${show(event.metrics)}${event.best ? ' (best so far)' : ''}`,
        )
        bar.start(bar.getTotal(), event.step, {
          loss: smoothed?.toFixed(4) ?? '-',
          tokens: Math.round(speed).toLocaleString('en'),
          left,
        })
      } else if (event.type === 'end') summary = event.summary
      if (pausesAt(event, flags)) break
    }
  } finally {
    bar.stop()
  }
  return summary
}

function printSummary(summary: TrainingSummary, output: string): void {
  console.log(
    `${summary.steps} updates in ${summary.wallSeconds.toFixed(1)} s, ${Math.round(summary.tokensPerSecond).toLocaleString('en')} tokens/s`,
  )
  if (summary.best)
    console.log(`best, after epoch ${summary.best.epoch.toFixed(2)}: ${show(summary.best.metrics)}`)
  console.log(`written to ${output}`)
}

function show(metrics: Readonly<Record<string, number>>): string {
  const shown = Object.entries(metrics).map(([name, value]) => `${name} ${value.toFixed(4)}`)
  return shown.join(', ')
}
