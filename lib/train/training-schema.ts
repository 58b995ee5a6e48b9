import { optimizerRules } from '../optim/optimizer.ts'
import { type OptimizerName, optimizers } from '../optim/registry.ts'
import { scheduleNames } from '../optim/schedule.ts'
import { either, list, number, object, oneOf, type Rule, string, whole } from '../options.ts'
import type { TrainerOptions } from './options.ts'

/**
 * An option of training: what it may be, its flag, its key in a recipe, and whether a run that goes on from another must
 * have the same. The Trainer's rules and defaults, the flags of `train`, the keys of recipes and what identifies a run
 * are made of these.
 */
interface SchemaOption {
  /** The Trainer's name of it, where flag and recipe have a shorter one. */
  option?: string
  /** The field of that option which it is. */
  part?: string
  /** What it may be; of `choices` one of them. */
  rule: Rule
  choices?: readonly string[]
  /** A flag's text as a value; default a number, where it is the text of one. */
  read?(text: string): unknown
  /** How it is written in such a text, where that is not what it must be. */
  written?: string
  /** What stands behind its flag in --help; of `choices` a name. */
  value: string
  help: string
  /** What it is where nothing is said, if that is not chosen by data and model. */
  default?: number | string | readonly number[]
  /** Whether it says what a run computes: one that goes on from another must have the same. */
  identity?: true
  /** Whether it belongs to adapter methods, which add its flag and key themselves. */
  ofMethod?: true
  /** Whether a recipe has another place for it. */
  notInRecipe?: true
}

const choice = (choices: readonly string[]) => ({ choices, rule: oneOf(...choices), value: 'name' })
const positive = number({ above: 0 })
const notNegative = number({ least: 0 })
const every = { rule: either(oneOf('epoch'), whole(1)), value: 'interval', default: 'epoch' } as const

/** `balanced`, or `billing=2,bug=0.5`. */
function readWeights(text: string): unknown {
  if (text === 'balanced') return text
  const weights = text.split(',').map((part) => {
    const at = part.lastIndexOf('=')
    return [part.slice(0, at).trim(), at < 1 ? Number.NaN : Number(part.slice(at + 1) || Number.NaN)] as const
  })
  return weights.every(([name, weight]) => name !== '' && weight >= 0) ? Object.fromEntries(weights) : null
}

/** `accuracy,f1`; null where there is no name. */
function readNames(text: string): unknown {
  const names = text.split(',').flatMap((name) => name.trim() || [])
  return names.length > 0 ? names : null
}

/** Every option of training that has a flag, by the name of that flag. */
export const trainingSchema = {
  epochs: {
    rule: whole(1),
    value: 'count',
    help: 'passes over the training set (default: 3, more of a small set)',
    identity: true,
  },
  maxSteps: {
    rule: whole(1),
    value: 'updates',
    help: 'updates at most; without --epochs as many',
    identity: true,
  },
  batchSize: {
    rule: whole(1),
    value: 'count',
    help: 'examples a batch (default: 16, fewer of a small set, or no limit with --max-tokens)',
    identity: true,
  },
  maxTokens: { rule: whole(1), value: 'count', help: 'tokens a batch at most', identity: true },
  accumulate: {
    option: 'gradientAccumulationSteps',
    rule: whole(1),
    value: 'batches',
    help: 'batches whose gradients are added up before an update',
    default: 1,
    identity: true,
  },
  lr: {
    option: 'learningRate',
    rule: positive,
    value: 'rate',
    help: "peak learning rate (default: by the encoder's width, 4e-4 of a base, with --full 2e-5; the method's own of others than LoRA, DoRA and LoRA-FA)",
    identity: true,
  },
  headLr: {
    option: 'headLearningRate',
    rule: positive,
    value: 'rate',
    help: 'that of the head (default: the same, of a fresh head in a short run at least 2e-3)',
    identity: true,
  },
  loraplusLrRatio: {
    rule: number({ least: 1 }),
    value: 'number',
    help: "B's learning rate is so many times A's (LoRA+)",
    identity: true,
    ofMethod: true,
  },
  optimizer: { ...choice(Object.keys(optimizers)), help: 'what moves the parameters', default: 'adamw' },
  betas: {
    rule: optimizerRules.betas,
    read: (text) => text.split(',').map(Number),
    value: 'numbers',
    help: 'decay rates of the moments',
    default: [0.9, 0.999],
    identity: true,
  },
  eps: {
    rule: optimizerRules.eps,
    value: 'number',
    help: 'what is added to a denominator of the optimizer',
    default: 1e-8,
    identity: true,
  },
  schedule: {
    ...choice(scheduleNames),
    help: 'how the learning rate moves after the warm-up',
    default: 'linear',
    identity: true,
  },
  schedulePower: {
    option: 'scheduleShape',
    part: 'power',
    rule: positive,
    value: 'number',
    help: 'of polynomial (default: 2)',
    identity: true,
  },
  scheduleCycles: {
    option: 'scheduleShape',
    part: 'cycles',
    rule: positive,
    value: 'count',
    help: 'of cosine_with_restarts (default: 2)',
    identity: true,
  },
  classWeights: {
    rule: either(oneOf('balanced'), object('a number a class, by name')),
    read: readWeights,
    written: "'balanced', or NAME=NUMBER separated by commas",
    value: 'weights',
    help: "what a label counts: 'balanced', or NAME=NUMBER,... (default: all 1)",
    identity: true,
  },
  labelSmoothing: {
    rule: number({ least: 0, below: 1 }),
    value: 'share',
    help: 'of a label, spread over all classes',
    identity: true,
  },
  warmup: {
    option: 'warmupRatio',
    rule: number({ least: 0, most: 1 }),
    value: 'share',
    help: 'share of the updates that warm up',
    default: 0.06,
    identity: true,
  },
  warmupSteps: {
    rule: whole(0),
    value: 'updates',
    help: 'updates that warm up, instead of --warmup',
    identity: true,
  },
  weightDecay: {
    rule: notNegative,
    value: 'number',
    help: 'decoupled weight decay',
    default: 0,
    identity: true,
  },
  clip: {
    option: 'maxGradNorm',
    rule: notNegative,
    value: 'norm',
    help: 'scale gradients to at most this norm; 0 does not',
    default: 1,
    identity: true,
  },
  maxLength: {
    rule: whole(1),
    value: 'tokens',
    help: 'tokens of a text at most (default: what the model takes)',
    identity: true,
  },
  baseDtype: {
    ...choice(['int8', 'nf4']),
    help: 'keep frozen weights in the 8-bit codes that --dtype int8 serves, or in the 4 bits of QLoRA, on the CPU',
    identity: true,
  },
  seed: {
    rule: whole(0),
    value: 'number',
    help: 'of batch order, dropout and fresh parameters',
    default: 0,
    identity: true,
    notInRecipe: true,
  },
  metrics: {
    rule: list('names of metrics'),
    read: readNames,
    written: 'names separated by commas',
    value: 'names',
    help: "what evaluations measure (default: the task's own; a wrong name lists what there is)",
  },
  metric: {
    option: 'bestMetric',
    rule: string,
    value: 'name',
    help: "what chooses the best model, a metric of the task or 'loss' (default: the first that is measured)",
  },
  patience: { rule: whole(1), value: 'count', help: 'stop after so many evaluations without a better one' },
  evalEvery: { ...every, option: 'evaluateEvery', help: "'epoch' or a number of updates" },
  checkpointEvery: { ...every, help: "'epoch' or a number of updates" },
} as const satisfies Readonly<Record<string, SchemaOption>>

type Schema = typeof trainingSchema

/** Names of flags, in camelCase, and keys of recipes. */
export type TrainingFlag = keyof Schema

/** The Trainer's name of what a flag sets. */
type OptionOf<F extends TrainingFlag> = Schema[F] extends { option: infer O extends keyof TrainerOptions }
  ? O
  : F

/** The Trainer's options that have a flag. */
export type SchemaOptionName = { [F in TrainingFlag]: OptionOf<F> }[TrainingFlag]

/** Values of the flags, and of a recipe's keys. */
export type TrainingFlags = {
  [F in TrainingFlag]?: Schema[F] extends { part: string } ? number : FlagValue<OptionOf<F>>
}

/** Of an optimizer its name: a flag holds nothing that is made. */
type FlagValue<O> = O extends 'optimizer'
  ? OptimizerName
  : O extends keyof TrainerOptions
    ? Exclude<TrainerOptions[O], undefined>
    : never

/** An option by its flag. */
export function trainingSchemaOf(flag: TrainingFlag): SchemaOption {
  return trainingSchema[flag]
}

/** The options, by their flags, in the order of `--help`. */
export const trainingOptions = Object.entries(trainingSchema) as [TrainingFlag, SchemaOption][]

const nameOf = ([flag, { option }]: [TrainingFlag, SchemaOption]) => (option ?? flag) as SchemaOptionName

type ComputingName = {
  [F in TrainingFlag]: Schema[F] extends { identity: true } ? OptionOf<F> : never
}[TrainingFlag]

/** The Trainer's options that say what a run computes. */
export const computing = [
  ...new Set(trainingOptions.filter(([, { identity }]) => identity).map(nameOf)),
] as readonly ComputingName[]

/** The Trainer's rules of them; an option in parts is an object. */
export const schemaRules = Object.fromEntries(
  trainingOptions.map((entry) => [
    nameOf(entry),
    entry[1].part ? object('an object of power and cycles') : entry[1].rule,
  ]),
) as Record<SchemaOptionName, Rule>

/** `options` with the defaults of those that are not given. */
export function withSchemaDefaults<O extends object>(options: O): O {
  const filled = { ...options } as Record<string, unknown>
  for (const entry of trainingOptions)
    if (entry[1].default !== undefined) filled[nameOf(entry)] ??= entry[1].default
  return filled as O
}

/** A flag's text as a value, and what it must be where it is not. */
export function readTrainingText(
  flag: TrainingFlag,
  text: string,
): { value: unknown; must?: string | undefined } {
  const { rule, read = asNumber, written } = trainingSchemaOf(flag)
  const value = read(text)
  const must = rule(value)
  return { value, must: must && (written ?? must) }
}

const asNumber = (text: string): unknown =>
  text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text

/** Flags as the Trainer's options. */
export function optionsOfFlags(flags: Readonly<TrainingFlags>): Pick<TrainerOptions, SchemaOptionName> {
  const options: Record<string, unknown> = {}
  for (const entry of trainingOptions) {
    const [flag, { part }] = entry
    const [name, value] = [nameOf(entry), flags[flag]]
    if (part && value !== undefined) options[name] = { ...(options[name] as object), [part]: value }
    else if (!part) options[name] = value
  }
  return options
}
