import { join } from 'node:path'
import { z } from 'zod'
import { type CheckpointIndex, readCheckpoint, readJson } from '../checkpoint/index.ts'
import { resolveDevice } from '../device.ts'
import { type ConfigBounds, ConfigReader } from '../encoders/config.ts'
import type { Family } from '../encoders/family.ts'
import { families } from '../encoders/registry.ts'
import { TorchLoraError } from '../errors.ts'
import { type HubOptions, hubRules, resolveModel } from '../hub/index.ts'
import { any, type Rules, readOptions, string, whole } from '../options.ts'
import { withSeed } from '../random.ts'
import {
  type ConfigLabels,
  configLabels,
  headOutputs,
  type LabelOptions,
  labelRules,
} from '../tasks/label-config.ts'
import type { Task, TaskKind } from '../tasks/task.ts'
import type { DType, TensorOptions } from '../tensor.ts'
import { loadParameters } from './load.ts'
import { Model } from './model.ts'
import { setOrigin } from './origin.ts'

/** How a pretrained model is found, loaded and given its labels. */
export interface FromPretrainedOptions extends LabelOptions, HubOptions {
  /** 'cpu', 'cuda', 'cuda:N', or 'auto' for the first CUDA device where there is one. Default 'auto'. */
  device?: string
  /** Of the weights in memory: 'float32' (default), 'float64', 'bfloat16' or 'float16'. */
  dtype?: DType
  /** Of a head that starts fresh. Default 0. */
  seed?: number
}

export type FromConfigOptions = Pick<FromPretrainedOptions, 'device' | 'dtype' | 'seed' | keyof LabelOptions>

const fromConfigRules: Rules<FromConfigOptions> = {
  ...labelRules,
  device: string,
  dtype: any, // checkDType
  seed: whole(0),
}

/** What {@link FromPretrainedOptions} may be. */
export const fromPretrainedRules: Rules<FromPretrainedOptions> = { ...fromConfigRules, ...hubRules }

/**
 * Loads a model for a task from a folder or from the Hugging Face hub. Weights are memory-mapped. The head starts fresh
 * when the checkpoint has none, or one for another number of labels (`loadReport`).
 * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE, UNSUPPORTED, NETWORK
 */
export async function loadPretrained<T extends Task, O extends LabelOptions>(
  kind: TaskKind<T, O>,
  dirOrId: string,
  options: FromPretrainedOptions & O,
): Promise<Model<T>> {
  checkDType(options.dtype)
  const { directory, checkpoint, reader } = await openModel(dirOrId, options)
  const family = familyOf(reader.raw, reader.file)
  const task = kind.read(reader, options)
  const device = resolveDevice(options.device ?? 'auto')
  const { labels, numLabels, head } = options
  const ownLabels = labels !== undefined || numLabels !== undefined || head === 'fresh'
  const model = new Model(family, family.readConfig(reader), task, { device: 'meta' })
  const report = withSeed(options.seed ?? 0, () =>
    loadParameters(model, checkpoint, {
      dtype: options.dtype,
      device,
      ownLabels,
      freshHead: head === 'fresh',
    }),
  )
  setOrigin(model, { directory, report })
  return model
}

/** What a model's files say of its head, before it is loaded. @throws TorchLoraError INVALID_FILE, NETWORK */
export async function readHeadLabels(dirOrId: string, options: HubOptions = {}): Promise<ConfigLabels> {
  const { reader } = await openModel(dirOrId, options)
  return configLabels(reader)
}

async function openModel(dirOrId: string, options: HubOptions) {
  const directory = await resolveModel(dirOrId, options)
  const file = join(directory, 'config.json')
  const raw = await readJson(file, z.looseObject({}))
  familyOf(raw, file)
  const checkpoint = await readCheckpoint(directory)
  return { directory, checkpoint, reader: new ConfigReader(raw, file, boundsOf(checkpoint)) }
}

/**
 * A model with random weights, of what a `config.json` says; `from_config` of transformers.
 * @throws TorchLoraError INVALID_FILE, UNSUPPORTED
 */
export function modelFromConfig<T extends Task, O extends LabelOptions>(
  kind: TaskKind<T, O>,
  raw: Readonly<Record<string, unknown>>,
  options: FromConfigOptions & O,
): Model<T> {
  const { seed = 0, device, dtype } = readOptions<FromConfigOptions>('fromConfig', options, fromConfigRules)
  checkDType(dtype)
  const file = 'config.json'
  const family = familyOf(raw, file)
  const reader = new ConfigReader(raw, file)
  const place: TensorOptions = { device: resolveDevice(device ?? 'auto'), dtype }
  return withSeed(seed, () => new Model(family, family.readConfig(reader), kind.read(reader, options), place))
}

/** @throws TorchLoraError UNSUPPORTED naming the kinds of encoder that there are */
function familyOf(raw: Readonly<Record<string, unknown>>, file: string): Family {
  const family = families.find(({ modelType }) => modelType === raw.model_type)
  if (family) return family
  const supported = families.map(({ modelType }) => modelType).join(', ')
  throw new TorchLoraError(
    'UNSUPPORTED',
    `${file}: model_type is ${JSON.stringify(raw.model_type)}; supported: ${supported}.`,
    { file },
  )
}

function boundsOf({ entries }: CheckpointIndex): ConfigBounds {
  let dimension = 1
  for (const { shape } of entries.values()) for (const size of shape) dimension = Math.max(dimension, size)
  return { dimension, tensors: entries.size, outputs: headOutputs(entries.values()) }
}

const weightTypes: readonly DType[] = ['float32', 'float64', 'bfloat16', 'float16']

function checkDType(dtype: DType = 'float32'): void {
  if (weightTypes.includes(dtype)) return
  const hint =
    dtype === 'int8' ? " For 8-bit inference use TextClassifier.load(model, { dtype: 'int8' })." : ''
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `dtype: expected ${weightTypes.join(', ')}, received ${JSON.stringify(dtype)}.${hint}`,
  )
}
