import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import {
  ADAPTER_FILES,
  type CheckpointIndex,
  makeFolder,
  mapTensors,
  readCheckpoint,
  readJson,
  type TensorEntry,
  tensorSources,
  writeJson,
  writeSafetensors,
} from '../checkpoint/index.ts'
import { problemTypes } from '../data/problem-type.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { sameShape } from '../models/load.ts'
import type { Model } from '../models/model.ts'
import { noteCardOf, writeModelCard } from '../models/model-card.ts'
import { boolean, number, object, oneOf, type Rules, readOptions } from '../options.ts'
import { scope } from '../scope.ts'
import { type HeadSaid, headOutputs, temperatureField } from '../tasks/label-config.ts'
import type { Tensor } from '../tensor.ts'
import { adapterPath, boundRanks } from './adapter-files.ts'
import { keyOfPath, pathOfKey, placeOfKey } from './adapter-keys.ts'
import { type AdapterName, adapterNameRules, applyAdapter } from './apply.ts'
import { undoBaseChange } from './base-change.ts'
import { LoraConfig } from './config.ts'
import type { AdapterMethod } from './method.ts'
import type { PeftConfig } from './peft-config.ts'
import { type BaseChange, baseChangeOf } from './peft-fields.ts'
import { readPeftConfig } from './registry.ts'
import {
  activeAdapter,
  deleteAdapter,
  type LoraState,
  loraState,
  requireFreeName,
  setAdapter,
} from './state.ts'

/** How {@link loadAdapter} finds an adapter and what it does with it. */
export interface LoadAdapterOptions extends AdapterName {
  /** Whether the adapter and the head go on training. Default false. */
  trainable?: boolean | undefined
  /**
   * 'load' takes the adapter's head, 'keep' leaves the model's own, to start another task from this adapter. Default:
   * the adapter's where it brings one, as PEFT does.
   */
  head?: 'load' | 'keep' | undefined
  /** For a loralib checkpoint, which does not say its alpha. */
  loraAlpha?: number | undefined
  /** The method whose files they are, where it is one of one's own, with a `Config`. Default: as the files say. */
  method?: AdapterMethod | undefined
}

const rules: Rules<LoadAdapterOptions> = {
  trainable: boolean,
  head: oneOf('load', 'keep'),
  loraAlpha: number({ above: 0 }),
  method: object('an AdapterMethod'),
  ...adapterNameRules,
}

/** Every tensor of an adapter by the model's path: updates, head, biases. */
export function adapterTensors(model: Model): Map<string, Tensor> {
  const { layers, shared, trained } = loraState(model)
  const parameters = new Map(model.namedParameters())
  const tensors = new Map<string, Tensor>()
  for (const [path, layer] of layers) {
    for (const [name, tensor] of layer.adapterParameters()) tensors.set(`${path}.${name}`, tensor)
  }
  for (const [name, tensor] of shared) tensors.set(name, tensor)
  for (const path of trained) tensors.set(path, parameters.get(path)!)
  return tensors
}

/** Whether the files of an adapter hold the tensor at `path`. */
function isSaved(path: string, { shared, method, config }: LoraState): boolean {
  return !shared.has(path) || method.isSaved?.(path, config) !== false
}

const wrapped = 'base_model.model.'

/** PEFT's name of a tensor for the model that transformers has for this task, which may be the encoder itself. */
export function keyInFile({ bare, family }: Model, key: string): string {
  return bare ? key.replace(`${wrapped}${family.prefix}.`, wrapped) : key
}

/**
 * Writes `adapter_config.json` and `adapter_model.safetensors` as PEFT does: the updates, and every parameter of the
 * head that training touched; and a model card, unless there is one that somebody else wrote.
 * @throws TorchLoraError INVALID_ARGUMENT when the model has no adapter
 */
export async function saveAdapter(model: Model, directory: string): Promise<void> {
  const state = loraState(model)
  const own = adapterTensors(model)
  const { config, tensors: all } = state.method.saved?.(state, own) ?? {
    config: state.config,
    tensors: own,
  }
  const tensors = [...all]
    .filter(([path]) => isSaved(path, state))
    .map(([path, tensor]): [string, Tensor] => [keyInFile(model, keyOfPath(path, state)), tensor])
  await makeFolder(directory)
  // PEFT's files have no place for label names; a safetensors file's metadata has, and PEFT passes over it.
  const { mark } = state.method
  const metadata = { format: 'pt', ...model.task.toMetadata(), ...(mark && { method: mark }) }
  await writeSafetensors(join(directory, 'adapter_model.safetensors'), tensorSources(tensors), metadata)
  await writeJson(join(directory, 'adapter_config.json'), config.toJson(model.task.peftType))
  await writeModelCard(model, directory, 'adapter')
}

/**
 * Applies a saved adapter to a base model: a PEFT folder, or a loralib checkpoint file (with `loraAlpha`). Every
 * tensor of the file must find its place and every place its tensor; otherwise the model is left as it was.
 * @throws TorchLoraError INVALID_FILE, UNSUPPORTED, or INCOMPATIBLE naming every key that does not fit
 */
export async function loadAdapter<M extends Model>(
  model: M,
  dirOrFile: string,
  options: LoadAdapterOptions = {},
): Promise<M> {
  const {
    trainable = false,
    head,
    loraAlpha,
    adapterName = 'default',
    method,
  } = readOptions('loadAdapter', options, rules)
  const source = adapterPath(dirOrFile)
  const checkpoint = await readCheckpoint(source, { candidates: ADAPTER_FILES })
  const { config, change } = await readConfig(source, checkpoint, { loraAlpha, method })
  const active = activeAdapter(model)
  const bounded = boundRanks(model, config, { checkpoint, path: source })
  applyFitting(model, bounded, { path: source, adapterName })
  try {
    setAdapter(model, adapterName)
    const state = loraState(model)
    state.bringsHead = head !== 'keep' && bringsHead(model, checkpoint, state)
    copyTensors(model, checkpoint, source, head ?? (state.bringsHead ? 'load' : 'keep'))
    if (state.bringsHead) model.task.temperature = temperatureOf(checkpoint, source)
    if (change) await undoBaseChange(loraState(model), change)
    if ((await stat(source)).isDirectory()) await noteCardOf(model, source)
    if (!trainable) for (const tensor of adapterTensors(model).values()) tensor.requiresGrad = false
  } catch (thrown) {
    deleteAdapter(model, adapterName)
    throw thrown
  } finally {
    if (active !== null) setAdapter(model, active)
  }
  return model
}

const labelNames = z.array(z.string()).min(1)

/** What an adapter says of the head that it brings: label names, problem and temperature where this library wrote it. */
export type AdapterLabels = Pick<HeadSaid, 'labels' | 'numLabels' | 'problemType' | 'temperature'>

/**
 * What an adapter says of its head, for loading the base model with a head that fits; null where it brings none.
 * @throws TorchLoraError INVALID_FILE
 */
export async function readAdapterLabels(dirOrFile: string): Promise<AdapterLabels | null> {
  const source = adapterPath(dirOrFile)
  const checkpoint = await readCheckpoint(source, { candidates: ADAPTER_FILES })
  const { entries, metadata } = checkpoint
  const numLabels = headOutputs(entries.values())
  if (numLabels === null) return null
  const temperature = temperatureOf(checkpoint, source)
  const names = labelNames.safeParse(parseJson(metadata.labels))
  const problemType = problemTypes.find((type) => type === metadata.problem_type)
  if (!names.success) return { numLabels, temperature, ...(problemType && { problemType }) }
  if (numLabels !== names.data.length) {
    throw new TorchLoraError(
      'INVALID_FILE',
      `${source} names ${names.data.length} labels, its classifier has ${numLabels} outputs.`,
      { file: source },
    )
  }
  return { labels: names.data, temperature, ...(problemType && { problemType }) }
}

/** What an adapter's head was calibrated to; 1 where nothing says it. */
function temperatureOf({ metadata }: CheckpointIndex, file: string): number {
  const said = metadata[temperatureField]
  const temperature = said === undefined ? 1 : Number(said)
  if (temperature > 0 && Number.isFinite(temperature)) return temperature
  throw new TorchLoraError(
    'INVALID_FILE',
    `${file}: ${temperatureField} must be a number above 0, received ${JSON.stringify(said).slice(0, 80)}.`,
    { file },
  )
}

/** Whether a file holds the head's own module, by PEFT's names of it: a pooler alone answers nothing. */
function bringsHead(model: Model, { entries }: CheckpointIndex, { method }: LoraState): boolean {
  const { savedModules } = model.task
  return [...entries.keys()].some((key) => {
    const place = placeOfKey(model, key, method)
    if (place === null || model.roleOf(place) !== 'head') return false
    return savedModules.length === 0 || place.split('.').some((part) => savedModules.includes(part))
  })
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

async function readConfig(
  path: string,
  checkpoint: CheckpointIndex,
  { loraAlpha, method }: Pick<LoadAdapterOptions, 'loraAlpha' | 'method'>,
): Promise<{ config: PeftConfig; change: BaseChange | null }> {
  if ((await stat(path)).isDirectory()) {
    const file = join(path, 'adapter_config.json')
    const json = await readJson(file, z.looseObject({}), { maxBytes: 2 ** 20 })
    return {
      config: readPeftConfig(json, { file, mark: checkpoint.metadata.method, method }),
      change: baseChangeOf(json, file),
    }
  }
  const updates = [...checkpoint.entries.values()].filter(({ name }) => name.endsWith('.lora_A'))
  if (updates.length === 0) {
    throw new TorchLoraError(
      'INVALID_FILE',
      `${path}: expected a loralib checkpoint, found no lora_A. For PEFT give the folder.`,
      { file: path },
    )
  }
  if (loraAlpha === undefined) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `${path}: a loralib checkpoint does not say its alpha; pass loraAlpha (its scripts used 16 for r = 8).`,
    )
  }
  const targets = updates.map(({ name }) => pathOfKey(name)!.replace(/\.lora_A\.weight$/, ''))
  const names = [...new Set(targets.map((target) => target.split('.').at(-1)!))]
  return {
    config: new LoraConfig({ r: updates[0]!.shape[0], loraAlpha, targetModules: names }),
    change: null,
  }
}

function applyFitting(
  model: Model,
  config: PeftConfig,
  { path, adapterName }: { path: string; adapterName: string },
): void {
  requireFreeName(model, adapterName)
  try {
    applyAdapter(model, config, { adapterName })
  } catch (cause) {
    if (!(cause instanceof TorchLoraError) || cause.code !== 'INVALID_ARGUMENT') throw cause
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `${path} does not fit this ${model.architecture}: ${cause.message}`,
      { file: path, cause },
    )
  }
}

function copyTensors(model: Model, checkpoint: CheckpointIndex, path: string, head: 'load' | 'keep'): void {
  const places = adapterTensors(model)
  const state = loraState(model)
  const found = new Map<string, TensorEntry>()
  const problems: string[] = []
  for (const [key, entry] of checkpoint.entries) {
    const place = placeOfKey(model, key, state.method)
    if (place === null || (head === 'keep' && model.roleOf(place) === 'head')) continue
    const target = places.get(place)
    if (!target) problems.push(`${key} has no place in the model`)
    else if (!sameShape(target.shape, entry.shape)) {
      problems.push(`${key} is [${entry.shape.join(', ')}], expected [${target.shape.join(', ')}]`)
    } else found.set(place, { ...entry, name: place })
  }
  for (const place of places.keys()) {
    const excused = (head === 'keep' && model.roleOf(place) === 'head') || !isSaved(place, state)
    if (!found.has(place) && !excused && !problems.some((problem) => problem.includes(place))) {
      problems.push(`${place} is missing from the file`)
    }
  }
  if (problems.length > 0) {
    const shown = problems.slice(0, 12).join('; ')
    const more = problems.length > 12 ? `; and ${problems.length - 12} more` : ''
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `${path} does not fit this ${model.architecture}: ${shown}${more}.`,
      { file: path },
    )
  }
  scope(() => {
    const values = mapTensors(found.values())
    noGrad(() => {
      for (const [place, value] of values) ops.copy_(places.get(place)!, value)
    })
  })
}
