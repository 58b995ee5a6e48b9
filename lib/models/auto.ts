import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readCheckpoint, readJson, writeCheckpoint, writeJson } from '../checkpoint/index.ts'
import { resolveDevice } from '../device.ts'
import { TorchLoraError } from '../errors.ts'
import { type HubOptions, resolveModel } from '../hub/index.ts'
import { manualSeed, rngState, setRngState } from '../random.ts'
import type { DType, TensorOptions } from '../tensor.ts'
import { BertForSequenceClassification } from './bert.ts'
import type { SequenceClassifier } from './classifier.ts'
import { type ClassifierConfig, ConfigReader, type LabelOptions, writeConfig } from './config.ts'
import { type LoadReport, loadParameters, tensorSources } from './load.ts'
import { RobertaForSequenceClassification } from './roberta.ts'

export interface FromPretrainedOptions extends LabelOptions, HubOptions {
  /** 'cpu', 'cuda', 'cuda:N', or 'auto' for the first CUDA device where there is one. Default 'cpu'. */
  device?: string
  /** Of the weights in memory. Default float32. */
  dtype?: DType
  /** Of a head that starts fresh. Default: the generator goes on from where it is. */
  seed?: number
}

/** A model family: how it reads its config, and how it is built. */
interface Family<M extends SequenceClassifier = SequenceClassifier> {
  new (config: ClassifierConfig, options?: TensorOptions): M
  readConfig(reader: ConfigReader, options: LabelOptions): ClassifierConfig
}

const families: Readonly<Record<string, Family>> = {
  bert: BertForSequenceClassification,
  roberta: RobertaForSequenceClassification,
}

const origins = new WeakMap<SequenceClassifier, { directory: string; report: LoadReport }>()

/** Tokenizer files travel with a model, so that what is saved is a folder one can serve. */
const tokenizerFile =
  /^(tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(txt|json)|merges\.txt|spm\.model|sentencepiece\.bpe\.model)$/

/** Sequence classifiers by the `model_type` of their `config.json`; named as in transformers. */
export const AutoModelForSequenceClassification = {
  /**
   * Loads a classifier from a folder or from the Hugging Face hub. Weights are memory-mapped. The head starts fresh
   * when the checkpoint has none, or one for another number of labels (`loadReport`).
   * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE, UNSUPPORTED, NETWORK
   */
  async fromPretrained(dirOrId: string, options: FromPretrainedOptions = {}): Promise<SequenceClassifier> {
    return load(dirOrId, options)
  },

  /** The supported values of `model_type`. */
  families: Object.keys(families),
}

async function load(dirOrId: string, options: FromPretrainedOptions): Promise<SequenceClassifier> {
  const directory = await resolveModel(dirOrId, options)
  const file = join(directory, 'config.json')
  const raw = await readJson(file, z.looseObject({}))
  const Family = families[String(raw.model_type)]
  if (!Family) {
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${file}: model_type is ${JSON.stringify(raw.model_type)}; supported: ${Object.keys(families).join(', ')}.`,
      { file },
    )
  }
  const config = Family.readConfig(new ConfigReader(raw, file), options)
  const checkpoint = await readCheckpoint(directory)
  const device = resolveDevice(options.device ?? 'cpu')
  const model = new Family(config, { device: 'meta' })
  const report = withSeed(options.seed, () =>
    loadParameters(model, checkpoint, { dtype: options.dtype, device }),
  )
  origins.set(model, { directory, report })
  return model
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

/** What became of the checkpoint that a model was loaded from. */
export function loadReport(model: SequenceClassifier): LoadReport | undefined {
  return origins.get(model)?.report
}

/**
 * Writes `config.json` and `model.safetensors`, and copies the tokenizer's files from where the model came: a folder
 * that transformers and this library load.
 */
export async function savePretrained(model: SequenceClassifier, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeCheckpoint(directory, tensorSources(model.namedParameters()))
  await writeJson(join(directory, 'config.json'), writeConfig(model.config, model.constructor.name))
  const origin = origins.get(model)?.directory
  if (!origin || origin === directory) return
  for (const name of await readdir(origin)) {
    if (tokenizerFile.test(name)) await copyFile(join(origin, name), join(directory, name))
  }
}
