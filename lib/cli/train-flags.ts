import { type Command, Option } from 'commander'
import { type ScheduleName, scheduleNames } from '../optim/schedule.ts'
import { sentencePoolings } from '../tasks/sentence-folder.ts'
import { sentenceLosses } from '../tasks/sentence-losses.ts'
import type { TaskSettings } from '../tasks/task-type.ts'
import type { BaseDType } from '../train/quantize-base.ts'
import { type DatasetFlags, withDataset } from './dataset.ts'
import type { FollowFlags } from './follow-run.ts'
import { type MethodFlags, methodFlagNames, withMethod } from './methods.ts'
import { maxLengthOption } from './model-flags.ts'
import {
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

/** The flags of `train`. */
export interface TrainFlags extends DatasetFlags, RunFlags, TaskSettings, MethodFlags, FollowFlags {
  model: string
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
  deterministic?: boolean
  patience?: number
  calibrate?: boolean
  evalEvery: 'epoch' | number
  checkpointEvery: 'epoch' | number
  mlflow?: string | true
  wandb?: boolean
  experiment?: string
  gradientCheckpointing?: boolean
  baseDtype?: BaseDType
  resume?: boolean
  json?: boolean
}

/** Adds every option of `train`. */
export function withTraining(command: Command): Command {
  command
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
        'keep frozen weights in the 8-bit codes that --dtype int8 serves, or in the 4 bits of QLoRA, on the CPU',
      ).choices(['int8', 'nf4']),
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
    .option('--deterministic', 'on CUDA, the same bits from the same seed; slower, most of all for DeBERTa')
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
  return withDevice(command)
}
