import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import {
  type CheckpointIndex,
  readCheckpoint,
  readJson,
  writeCheckpoint,
  writeJson,
} from '../checkpoint/index.ts'
import { resolveDevice } from '../device.ts'
import { TorchLoraError } from '../errors.ts'
import { type HubOptions, resolveModel } from '../hub/index.ts'
import { manualSeed, rngState, setRngState } from '../random.ts'
import type { DType, TensorOptions } from '../tensor.ts'
import type { SequenceClassifier } from './classifier.ts'
import {
  type ClassifierConfig,
  type ConfigBounds,
  ConfigReader,
  type LabelOptions,
  writeConfig,
} from './config.ts'
import { type LoadReport, loadParameters, tensorSources } from './load.ts'

export interface FromPretrainedOptions extends LabelOptions, HubOptions {
  /** 'cpu', 'cuda', 'cuda:N', or 'auto' for the first CUDA device where there is one. Default 'cpu'. */
  device?: string
  /** Of the weights in memory: 'float32' (default), 'float64', 'bfloat16' or 'float16'. */
  dtype?: DType
  /** Of a head that starts fresh. Default: the generator goes on from where it is. */
  seed?: number
}

/** A model family: how it reads its config, and how it is built. */
export interface Family<M extends SequenceClassifier = SequenceClassifier> {
  new (config: ClassifierConfig, options?: TensorOptions): M
  /** The `model_type` of its `config.json`. */
  readonly modelType: string
  readConfig(reader: ConfigReader, options: LabelOptions): ClassifierConfig
}

const origins = new WeakMap<SequenceClassifier, { directory: string; report: LoadReport }>()

/** Tokenizer files travel with a model, so that what is saved is a folder one can serve. */
const tokenizerFile =
  /^(tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(txt|json)|merges\.txt|spm\.model)$/

/**
 * Loads a classifier of one of `families` from a folder or from the Hugging Face hub. Weights are memory-mapped. The
 * head starts fresh when the checkpoint has none, or one for another number of labels (`loadReport`).
 * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE, UNSUPPORTED, NETWORK
 */
export async function loadPretrained<M extends SequenceClassifier>(
  families: readonly Family<M>[],
  dirOrId: string,
  options: FromPretrainedOptions = {},
): Promise<M> {
  checkDType(options.dtype)
  const directory = await resolveModel(dirOrId, options)
  const file = join(directory, 'config.json')
  const raw = await readJson(file, z.looseObject({}))
  const Chosen = families.find(({ modelType }) => modelType === raw.model_type)
  if (!Chosen) {
    const supported = families.map(({ modelType }) => modelType).join(', ')
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${file}: model_type is ${JSON.stringify(raw.model_type)}; supported: ${supported}.`,
      { file },
    )
  }
  const checkpoint = await readCheckpoint(directory)
  const config = Chosen.readConfig(new ConfigReader(raw, file, boundsOf(checkpoint)), options)
  const device = resolveDevice(options.device ?? 'cpu')
  const ownLabels = options.labels !== undefined || options.numLabels !== undefined
  const model = new Chosen(config, { device: 'meta' })
  const report = withSeed(options.seed, () =>
    loadParameters(model, checkpoint, { dtype: options.dtype, device, ownLabels }),
  )
  origins.set(model, { directory, report })
  return model
}

function boundsOf({ entries }: CheckpointIndex): ConfigBounds {
  let dimension = 1
  for (const { shape } of entries.values()) for (const size of shape) dimension = Math.max(dimension, size)
  return { dimension, tensors: entries.size }
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

function withSeed<T>(seed: number | undefined, body: () => T): T {
  if (seed === undefined) return body()
  const before = rngState()
  manualSeed(seed)
  try {
    return body()
  } finally {
    setRngState(before)
  }
}

/** What became of the checkpoint that a model was loaded from; undefined for a model that was not loaded. */
export function loadReport(model: SequenceClassifier): LoadReport | undefined {
  return origins.get(model)?.report
}

/**
 * Writes `config.json` and `model.safetensors`, and copies the tokenizer's files from where the model came: a folder
 * that transformers and this library load. A file appears whole or not at all.
 * @throws TorchLoraError INVALID_ARGUMENT for an adapter that is not merged, which the file could not hold;
 * INVALID_FILE when the disk refuses
 */
export async function savePretrained(model: SequenceClassifier, directory: string): Promise<void> {
  if ([...model.namedModules()].some(([, module]) => module.adapterParameters().length > 0)) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      'This model has a LoRA adapter that a model file cannot hold: call mergeLora(model) first, or saveAdapter(model, dir).',
    )
  }
  await mkdir(directory, { recursive: true })
  await writeCheckpoint(directory, tensorSources(model.namedParameters()))
  await writeJson(join(directory, 'config.json'), writeConfig(model.config, model.constructor.name))
  const origin = origins.get(model)?.directory
  if (!origin || origin === directory) return
  for (const name of await readdir(origin)) {
    if (tokenizerFile.test(name)) await copyFile(join(origin, name), join(directory, name))
  }
}
