import { InvalidArgumentError } from 'commander'
import { TorchLoraError } from '../errors.ts'
import type { AnyTextModel } from '../inference/load-text-model.ts'
import type { ModelSource, ModelSources } from '../serve/load-models.ts'
import { taskTypeNames } from '../tasks/registry.ts'
import { type ModelFlags, servingOptions } from './model-flags.ts'

const name = '[A-Za-z0-9._-]{1,64}'
const namedModel = new RegExp(`^(${name})=(.+)$`)
const namedTask = new RegExp(`^(?:(${name})=)?(${taskTypeNames.join('|')})$`)
const namedAdapter = new RegExp(`^(?:(${name})/)?(${name})=(.+)$`)

/** An adapter that stands beside a model: of an only one no model need be named. */
interface AdapterFlag {
  model: string | undefined
  name: string
  folder: string
}

/** What a model is for, where its files do not say it: of an only one no model need be named. */
interface TaskFlag {
  model: string | undefined
  task: AnyTextModel['task']
}

/** What `torch-lora serve` is told of its models. */
export interface ServedModelFlags extends Omit<ModelFlags, 'model'> {
  model: string[]
  adapters?: AdapterFlag[]
  taskType?: TaskFlag[]
}

/** Reads one more `--model`. */
export function modelFlag(text: string, before: string[] = []): string[] {
  return [...before, text]
}

/** Reads one more `--task-type`. */
export function taskFlag(text: string, before: TaskFlag[] = []): TaskFlag[] {
  const [, model, task] = namedTask.exec(text) ?? []
  if (!task)
    throw new InvalidArgumentError(`expected TASK, or NAME=TASK: one of ${taskTypeNames.join(', ')}.`)
  return [...before, { model, task: task as TaskFlag['task'] }]
}

/** Reads one more `--adapters`. */
export function adapterFlag(text: string, before: AdapterFlag[] = []): AdapterFlag[] {
  const [, model, name, folder] = namedAdapter.exec(text) ?? []
  if (!name || !folder) throw new InvalidArgumentError('expected NAME=FOLDER, or MODEL/NAME=FOLDER.')
  return [...before, { model, name, folder }]
}

/**
 * The models as `createServer` takes them, each with its adapters; of one without a name what is said of it, in `options`.
 * @throws TorchLoraError INVALID_ARGUMENT for several models of which one has no name, two have the same, or of which
 * something is said that could be any one's
 */
export function modelSources({ adapters = [], taskType = [], ...flags }: ServedModelFlags): {
  models: ModelSources
  options: Omit<ModelSource, 'model'>
} {
  const wrong = (message: string) => new TorchLoraError('INVALID_ARGUMENT', message)
  const models = flags.model.map((text) => {
    const [, name, model] = namedModel.exec(text) ?? []
    return name && model ? { name, model } : { name: undefined, model: text }
  })
  const alone = servingOptions({ ...flags, model: '' })
  if (models.length === 1) {
    const { name, model } = models[0]!
    const foreign = adapters.find((adapter) => adapter.model !== undefined && adapter.model !== name)
    if (foreign)
      throw wrong(`--adapters ${foreign.model}/${foreign.name}: there is no model '${foreign.model}'.`)
    const other = taskType.find((one) => one.model !== undefined && one.model !== name)
    if (other) throw wrong(`--task-type ${other.model}=${other.task}: there is no model '${other.model}'.`)
    const task = taskType.at(-1)?.task
    const options: Omit<ModelSource, 'model'> = { ...alone, task, adapters: foldersOf(adapters) }
    return name === undefined
      ? { models: model, options }
      : { models: { [name]: { model, ...options } }, options: {} }
  }
  const unnamed = models.find((one) => one.name === undefined)
  if (unnamed) throw wrong(`--model ${unnamed.model}: of several models each has a name, --model NAME=DIR.`)
  const names = models.map((one) => one.name!)
  const twice = names.find((one, i) => names.indexOf(one) !== i)
  if (twice) throw wrong(`--model ${twice}=...: two models have that name.`)
  const ambiguous = Object.entries(alone).find(([, value]) => value !== undefined)
  if (ambiguous)
    throw wrong(
      '--adapter, --alpha, --head, --labels and --problem-type are of one model: with several, merge the adapter first (torch-lora merge), whose folder says the rest.',
    )
  for (const { model, name } of adapters)
    if (model === undefined || !names.includes(model))
      throw wrong(`--adapters ${name}=...: say of which model, MODEL/${name}=DIR: ${names.join(', ')}.`)
  for (const { model, task } of taskType)
    if (model === undefined || !names.includes(model))
      throw wrong(`--task-type ${task}: say of which model, NAME=${task}: ${names.join(', ')}.`)
  const sources = models.map(({ name, model }): [string, ModelSource] => [
    name!,
    {
      model,
      task: taskType.findLast((one) => one.model === name)?.task,
      adapters: foldersOf(adapters.filter((adapter) => adapter.model === name)),
    },
  ])
  return { models: Object.fromEntries(sources), options: {} }
}

function foldersOf(adapters: readonly AdapterFlag[]): Record<string, string> {
  return Object.fromEntries(adapters.map(({ name, folder }) => [name, folder]))
}
