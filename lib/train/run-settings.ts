import type { ChosenSettings } from './defaults.ts'
import type { ResolvedTrainerOptions, TrainerOptions } from './options.ts'
import { computing, type SchemaOptionName } from './training-schema.ts'

/** Settings that are said in a way of their own. */
const apart = ['epochs', 'batchSize', 'learningRate', 'headLearningRate', 'maxLength'] as const

type SettingName = Exclude<SchemaOptionName, (typeof apart)[number] | 'optimizer' | 'bestMetric' | 'metrics'>

const names = [...computing, 'evaluateEvery', 'checkpointEvery', 'patience'].filter(
  (name): name is SettingName => !(apart as readonly string[]).includes(name),
)

/** What a run was given, or what was chosen for it: every option of the Trainer that says how it trains. */
export interface RunSettings extends ChosenSettings, Pick<TrainerOptions, (typeof names)[number]> {
  /** The name of the optimizer, or of what makes it. */
  optimizer: string
  /** Tokens of a text at most; undefined for a module that reads none. */
  maxLength?: number | undefined
}

/** The settings of a run with its defaults. @param maxLength what texts are cut to */
export function settingsOf(
  options: ResolvedTrainerOptions,
  { maxLength }: { maxLength: number | undefined },
): RunSettings {
  const { epochs, batchSize, learningRate, headLearningRate, optimizer } = options
  return {
    epochs,
    batchSize,
    learningRate,
    headLearningRate,
    ...Object.fromEntries(names.map((name) => [name, options[name]])),
    optimizer: optimizerName(optimizer),
    maxLength,
  }
}

/** A run's length and learning rates, for people: "3 epochs in batches of 8", "0.0004, 0.002 of the head". */
export function describeSettings({ epochs, batchSize, learningRate, headLearningRate }: RunSettings) {
  return {
    length: `${epochs} epochs${batchSize ? ` in batches of ${batchSize}` : ''}`,
    rate: `${learningRate}${headLearningRate === learningRate ? '' : `, ${headLearningRate} of the head`}`,
  }
}

/** What identifies an optimizer in files. */
export function optimizerName(optimizer: ResolvedTrainerOptions['optimizer']): string {
  if (typeof optimizer === 'string') return optimizer
  return typeof optimizer === 'function' ? optimizer.name : optimizer.constructor.name
}
