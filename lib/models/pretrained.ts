import { join } from 'node:path'
import { z } from 'zod'
import { type CheckpointIndex, readCheckpoint, readJson, withQuantized } from '../checkpoint/index.ts'
import { resolveDevice } from '../device.ts'
import { type ConfigBounds, ConfigReader } from '../encoders/config.ts'
import type { Family } from '../encoders/family.ts'
import { families } from '../encoders/registry.ts'
import { TorchLoraError } from '../errors.ts'
import { type HubOptions, hubRules, MODEL_REQUEST, resolveModel, TOKENIZER_REQUEST } from '../hub/index.ts'
import { any, type Rule, type Rules, readOptions, string, whole } from '../options.ts'
import { withSeed } from '../random.ts'
import {
  type ConfigLabels,
  configLabels,
  headOutputs,
  type LabelOptions,
  labelRules,
} from '../tasks/label-config.ts'
import { Task, type TaskKind } from '../tasks/task.ts'
import type { DType, TensorOptions } from '../tensor.ts'
import { resolveDType } from '../weight-dtype.ts'
import { EncoderModel } from './encoder-model.ts'
import { type LoadOptions, loadParameters } from './load.ts'
import { Model } from './model.ts'
import { setOrigin } from './origin.ts'
import type { PretrainedModel } from './pretrained-model.ts'
import { withoutQuantization } from './quantization-config.ts'

/** How a pretrained model is found, loaded and given its labels. */
export interface FromPretrainedOptions extends LabelOptions, HubOptions {
  /** 'cpu', 'cuda', 'cuda:N', or 'auto' for the first CUDA device where there is one. Default 'auto'. */
  device?: string | undefined
  /**
   * Of the weights in memory: 'float32' (default), 'float64', 'bfloat16', 'float16', or 'auto' for bfloat16 where the
   * device multiplies it (CUDA, AVX512-BF16) and float32 elsewhere.
   */
  dtype?: DType | 'auto' | undefined
  /** Of a head that starts fresh. Default 0. */
  seed?: number | undefined
  /** A family of one's own, for a `model_type` that this library does not know or is to read in another way. */
  family?: Family | undefined
}

/** How an encoder is found and loaded. */
export type EncoderOptions = HubOptions & Pick<FromPretrainedOptions, 'device' | 'dtype' | 'family'>

/** How an encoder is found, and loaded with a head for a task. */
export type TaskModelOptions<T extends Task> = EncoderOptions &
  Pick<FromPretrainedOptions, 'seed'> & {
    /** What the outputs mean, and the head: one of this library's tasks, or one of one's own. */
    task: T
  }

/** How an encoder is made of a configuration. */
export type EncoderFromConfigOptions = Pick<FromPretrainedOptions, 'device' | 'dtype' | 'seed' | 'family'>

/** Options of a model with random weights. */
export type FromConfigOptions = Pick<
  FromPretrainedOptions,
  'device' | 'dtype' | 'seed' | 'family' | keyof LabelOptions
>

const aFamily: Rule = (value) =>
  typeof (value as Partial<Family> | null)?.encoder === 'function' &&
  typeof (value as Partial<Family>).readConfig === 'function'
    ? undefined
    : 'a Family, with readConfig and encoder'

const placeRules = { device: string, dtype: any, family: aFamily } // resolveDType

const fromConfigRules: Rules<FromConfigOptions> = { ...labelRules, ...placeRules, seed: whole(0) }

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
  const { labels, numLabels, head } = options
  const ownLabels = labels !== undefined || numLabels !== undefined || head === 'fresh'
  const load = { ...options, ownLabels, freshHead: head === 'fresh', kind }
  return loadModel(dirOrId, load, (family, reader, layout) => {
    const task = kind.read(reader, layout ? { ...options, layout } : options)
    return new Model(family, family.readConfig(reader), task, { device: 'meta' })
  })
}

/**
 * Loads the encoder of a model from a folder or from the Hugging Face hub, whatever head stands beside it there.
 * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE, UNSUPPORTED, NETWORK
 */
export async function loadEncoder(dirOrId: string, options: EncoderOptions): Promise<EncoderModel> {
  readOptions<EncoderOptions>('AutoModel.fromPretrained', options, { ...hubRules, ...placeRules })
  return loadModel(
    dirOrId,
    options,
    (family, reader) => new EncoderModel(family, family.readConfig(reader), { device: 'meta' }),
  )
}

/**
 * Loads an encoder with the head of a task, one's own too. The head's parameters are read by their names where the
 * folder has them, and start fresh where it has not.
 * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE, UNSUPPORTED, NETWORK
 */
export async function loadForTask<T extends Task>(
  dirOrId: string,
  options: TaskModelOptions<T>,
): Promise<Model<T>> {
  const { task, ...load } = readOptions<TaskModelOptions<T>>('AutoModel.fromPretrained', options, {
    ...hubRules,
    ...placeRules,
    seed: whole(0),
    task: (value) => (value instanceof Task ? undefined : 'a Task'),
  } as Rules<TaskModelOptions<T>>)
  return loadModel(
    dirOrId,
    { ...load, ownLabels: true },
    (family, reader) => new Model(family, family.readConfig(reader), task, { device: 'meta' }),
  )
}

/** @param create the model that the folder describes, its parameters on 'meta' */
async function loadModel<M extends PretrainedModel>(
  dirOrId: string,
  options: EncoderOptions &
    Omit<LoadOptions, 'dtype'> & { seed?: number | undefined; kind?: TaskKind<Task, never> },
  create: (family: Family, reader: ConfigReader, layout?: object) => M,
): Promise<M> {
  const { ownLabels, freshHead, seed = 0 } = options
  const device = resolveDevice(options.device ?? 'auto')
  const dtype = resolveDType(options.dtype, device)
  const { directory, checkpoint, reader, layout, family } = await openModel(dirOrId, options, options.kind)
  const model = create(family, reader, layout)
  const report = withSeed(seed, () =>
    loadParameters(model, checkpoint, { dtype, device, ownLabels, freshHead }),
  )
  setOrigin(model, { directory, report })
  return model
}

/** What a model's files say of its head, before it is loaded. @throws TorchLoraError INVALID_FILE, NETWORK */
export async function readHeadLabels(dirOrId: string, options: HubOptions = {}): Promise<ConfigLabels> {
  const { reader } = await openModel(dirOrId, options)
  return configLabels(reader)
}

async function openModel(
  dirOrId: string,
  options: HubOptions & Pick<EncoderOptions, 'family'>,
  kind?: TaskKind<Task, never>,
) {
  const files = kind?.files && [...MODEL_REQUEST, ...TOKENIZER_REQUEST, ...kind.files]
  const resolved = await resolveModel(dirOrId, { ...options, files })
  const own = await kind?.readFolder?.(resolved)
  const directory = own?.encoder ?? resolved
  const file = join(directory, 'config.json')
  const raw = withoutQuantization(await readJson(file, z.looseObject({})), file)
  const family = familyOf(raw, { file, own: options.family })
  const encoder = withQuantized(await readCheckpoint(directory))
  const checkpoint = own ? { ...encoder, entries: new Map([...encoder.entries, ...own.entries]) } : encoder
  return {
    directory,
    checkpoint,
    family,
    layout: own?.layout,
    reader: new ConfigReader(raw, file, boundsOf(checkpoint)),
  }
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
  readOptions<FromConfigOptions>('fromConfig', options, { ...fromConfigRules, ...kind.rules })
  return createModel(raw, options, (family, reader, place) => {
    return new Model(family, family.readConfig(reader), kind.read(reader, options), place)
  })
}

/**
 * An encoder with random weights, of what a `config.json` says; `from_config` of transformers.
 * @throws TorchLoraError INVALID_FILE, UNSUPPORTED
 */
export function encoderFromConfig(
  raw: Readonly<Record<string, unknown>>,
  options: EncoderFromConfigOptions,
): EncoderModel {
  readOptions<EncoderFromConfigOptions>('AutoModel.fromConfig', options, { ...placeRules, seed: whole(0) })
  return createModel(
    raw,
    options,
    (family, reader, place) => new EncoderModel(family, family.readConfig(reader), place),
  )
}

function createModel<M extends PretrainedModel>(
  raw: Readonly<Record<string, unknown>>,
  { seed = 0, family: own, ...options }: EncoderFromConfigOptions,
  create: (family: Family, reader: ConfigReader, place: TensorOptions) => M,
): M {
  const device = resolveDevice(options.device ?? 'auto')
  const place: TensorOptions = { device, dtype: resolveDType(options.dtype, device) }
  const file = 'config.json'
  const family = familyOf(raw, { file, own })
  return withSeed(seed, () => create(family, new ConfigReader(raw, file), place))
}

/**
 * @throws TorchLoraError UNSUPPORTED naming the kinds of encoder that there are; INCOMPATIBLE for a family that is given
 * and of another `model_type`
 */
function familyOf(
  raw: Readonly<Record<string, unknown>>,
  { file, own }: { file: string; own: Family | undefined },
): Family {
  if (own && own.modelType !== raw.model_type)
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `${file}: model_type is ${JSON.stringify(raw.model_type)}, the family that was given reads '${own.modelType}'.`,
      { file },
    )
  if (own) return own
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
