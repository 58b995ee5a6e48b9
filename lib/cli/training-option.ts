import { InvalidArgumentError, Option } from 'commander'
import { flagOf } from '../options.ts'
import { readTrainingText, type TrainingFlag, trainingSchemaOf } from '../train/training-schema.ts'

/** The flag of an option of training. */
export function trainingOption(name: TrainingFlag): Option {
  const { value, help, choices, default: usual } = trainingSchemaOf(name)
  const option = new Option(`${flagOf(name)} <${value}>`, help)
  if (usual !== undefined) option.default(usual, Array.isArray(usual) ? usual.join(',') : undefined)
  if (choices) return option.choices(choices)
  return option.argParser((text) => {
    const { value, must } = readTrainingText(name, text)
    if (must !== undefined) throw new InvalidArgumentError(`expected ${must}.`)
    return value
  })
}
