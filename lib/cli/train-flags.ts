import { type Command, Option } from 'commander'
import { allMethodFlags } from '../adapters/method-names.ts'
import type { OptimizerName } from '../optim/registry.ts'
import { sentencePoolings } from '../tasks/sentence-folder.ts'
import { sentenceLosses } from '../tasks/sentence-losses.ts'
import type { TaskSettings } from '../tasks/task-type.ts'
import { type TrainingFlags, trainingOptions } from '../train/training-schema.ts'
import { type DatasetFlags, withDataset } from './dataset.ts'
import type { FollowFlags } from './follow-run.ts'
import { type MethodFlags, withMethod } from './methods.ts'
import { fraction, type RunFlags, sizes, wholeNumber, withDevice } from './options.ts'
import { trainingOption } from './training-option.ts'

/** The flags of `train`. */
export interface TrainFlags
  extends DatasetFlags,
    RunFlags,
    TaskSettings,
    MethodFlags,
    Omit<TrainingFlags, keyof MethodFlags>,
    FollowFlags {
  seed: number
  optimizer: OptimizerName
  model: string
  full?: boolean
  adapter?: string
  head?: 'fresh'
  findLr?: boolean
  deterministic?: boolean
  calibrate?: boolean
  mlflow?: string | true
  wandb?: boolean
  experiment?: string
  gradientCheckpointing?: boolean
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
    .addOption(
      new Option('--full', 'train every parameter instead of LoRA').conflicts(['method', ...allMethodFlags]),
    )
    .addOption(
      new Option(
        '--adapter <dir>',
        "start from this adapter, at its rank and targets (of a loralib checkpoint with --alpha), with the model's own head",
      ).conflicts(['full', 'method', ...allMethodFlags.filter((name) => name !== 'alpha')]),
    )
    .addOption(
      new Option(
        '--head <which>',
        "'fresh' trains a new head, for other labels than those of the model's",
      ).choices(['fresh']),
    )
  withMethod(command)
  for (const [flag, { ofMethod }] of trainingOptions) if (!ofMethod) command.addOption(trainingOption(flag))
  command
    .addOption(
      new Option(
        '--find-lr',
        'look for the learning rate first, in one short run from 1e-6 to 1: where the loss falls fastest; the report draws it',
      ).conflicts('lr'),
    )
    .option(
      '--gradient-checkpointing',
      'compute activations again in the backward pass: a third more work, much less memory',
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
    .option('--deterministic', 'on CUDA, the same bits from the same seed; slower, most of all for DeBERTa')
    .option(
      '--calibrate',
      'fit a temperature to the texts to measure on, so that a score of 0.8 is right in 8 of 10 cases, and keep it with the model',
    )
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
  return withDevice(command, { besides: ' --base-dtype keeps frozen weights in int8 or nf4.' })
}
