import { CommanderError } from 'commander'
import { describe, expect, it } from 'vitest'
import { trainCommand } from '../../lib/cli/train.ts'
import { trainingOption } from '../../lib/cli/training-option.ts'
import { flagOf } from '../../lib/options.ts'
import { resolveRecipe } from '../../lib/sweep/recipe.ts'
import { checkIdentity, runIdentity } from '../../lib/train/identity.ts'
import type { ResolvedTrainerOptions } from '../../lib/train/options.ts'
import { Trainer } from '../../lib/train/trainer.ts'
import {
  optionsOfFlags,
  type TrainingFlag,
  type TrainingFlags,
  trainingOptions,
} from '../../lib/train/training-schema.ts'

/** Of each option a value, the same as text, and one that it cannot be. */
const samples: { [F in TrainingFlag]: [TrainingFlags[F], string, unknown] } = {
  epochs: [3, '3', 0],
  maxSteps: [9, '9', 1.5],
  batchSize: [8, '8', -1],
  maxTokens: [512, '512', 0],
  accumulate: [2, '2', 0],
  lr: [1e-3, '1e-3', 0],
  headLr: [2e-3, '0.002', -1],
  loraplusLrRatio: [4, '4', 0.5],
  optimizer: ['muon', 'muon', 'sgd'],
  betas: [[0.9, 0.99], '0.9,0.99', [0.9]],
  eps: [1e-6, '1e-6', -1],
  schedule: ['cosine', 'cosine', 'cosin'],
  schedulePower: [1.5, '1.5', 0],
  scheduleCycles: [3, '3', 0],
  classWeights: [{ a: 2, 'b=c': 0.5 }, 'a=2,b=c=0.5', 'heavy'],
  labelSmoothing: [0.1, '0.1', 1],
  warmup: [0.1, '0.1', 2],
  warmupSteps: [0, '0', -1],
  weightDecay: [0.01, '0.01', -1],
  clip: [0, '0', -1],
  maxLength: [64, '64', 0],
  baseDtype: ['int8', 'int8', 'int4'],
  seed: [7, '7', -1],
  metrics: [['accuracy', 'f1'], 'accuracy, f1', ''],
  metric: ['f1', 'f1', 3],
  patience: [2, '2', 0],
  evalEvery: [50, '50', 'day'],
  checkpointEvery: ['epoch', 'epoch', 0],
}
const flags = Object.keys(samples) as TrainingFlag[]

/** The Trainer's option that a flag's value becomes. */
const asOption = (flag: TrainingFlag, value: unknown) =>
  Object.entries(optionsOfFlags({ [flag]: value } as TrainingFlags)).find(([, each]) => each !== undefined)!

const refusal = (body: () => unknown): string => {
  try {
    body()
  } catch (thrown) {
    return (thrown as Error).message
  }
  throw new Error('it was not refused')
}

/** The Trainer with one option of its own: what it says of options comes before what it needs. */
const trainer = (name: string, value: unknown) => () => new Trainer({ [name]: value } as never)

it('an example for every option, and a flag of train', () => {
  expect(flags).toEqual(trainingOptions.map(([flag]) => flag))
  const own = new Map(trainCommand().options.map((option) => [option.attributeName(), option]))
  for (const flag of flags) expect(own.get(flag)?.long, flag).toBe(flagOf(flag))
})

describe.each(flags)('%s', (flag) => {
  const [value, text, wrong] = samples[flag]
  const { notInRecipe, ofMethod, identity } = trainingOptions.find(([name]) => name === flag)![1]
  const recipeOf = (given: unknown) => {
    const settings = { [flag]: given }
    return ofMethod
      ? resolveRecipe({ model: 'm', tasks: ['rte'], methods: [{ r: 4, ...settings } as never] }).methods[0]
      : resolveRecipe({ model: 'm', tasks: ['rte'], settings: settings as never }).settings
  }

  it('is read from the text of its flag', () => {
    const read = trainingOption(flag).parseArg as (text: string, before: unknown) => unknown
    expect(read(text, undefined)).toEqual(value)
    const words = Array.isArray(wrong) ? wrong.join(',') : String(wrong)
    // A metric may have any name.
    if (flag === 'metric') expect(refusal(() => read('3', undefined))).toMatch(/expected a string/)
    else expect(() => read(words, undefined)).toThrow(CommanderError)
  })

  it('is an option of the Trainer, which refuses what it cannot be', () => {
    const [name, right] = asOption(flag, value)
    expect(refusal(trainer(name, right))).not.toContain(`${name} must be`)
    const [, bad] = asOption(flag, wrong)
    if (name !== 'scheduleShape') expect(refusal(trainer(name, bad))).toContain(`${name} must be`)
  })

  it('is a key of a recipe, with the same rule', () => {
    if (notInRecipe) {
      expect(refusal(() => recipeOf(value))).toMatch(/seed/)
      return
    }
    expect(recipeOf(value)).toMatchObject({ [flag]: value })
    expect(refusal(() => recipeOf(wrong))).toMatch(new RegExp(`${flag}: must be`))
  })

  it('identifies a run where it says what that computes', () => {
    const of = (given: object) =>
      runIdentity({ optimizer: 'adamw', ...given } as ResolvedTrainerOptions, {
        trainableParameters: 1,
        trainExamples: '',
      })
    const [name, right] = asOption(flag, value)
    const found = refusal(() => {
      checkIdentity(of({ [name]: right }), { identity: of({}) } as never, 'here')
      throw new Error('the same run')
    })
    expect(found).toMatch(identity || flag === 'optimizer' ? new RegExp(`${name} was`) : /the same run/)
  })
})
