import { TorchLoraError } from '../errors.ts'
import { type LoadTextModelOptions, loadTextModel } from '../inference/load-text-model.ts'
import type { BatchReport } from '../inference/options.ts'
import type { ServerMetrics } from './metrics.ts'
import type { ServedModel } from './served-models.ts'
import { workOf } from './work.ts'

/** A model of a server of several, with what is said of it alone. */
export interface ModelSource extends Omit<LoadTextModelOptions, 'onBatch'> {
  /** Its folder or hub id. */
  model: string
}

/** One model that answers to any name, or several by their names. */
export type ModelSources = string | Readonly<Record<string, string | ModelSource>>

/** What is said of all models, and of their work. */
export interface LoadModelsOptions {
  load: Omit<LoadTextModelOptions, 'onBatch'>
  metrics: ServerMetrics
  maxClientBatch: number
  requestTimeoutMs: number
  /** Told of each batch of any model. */
  onBatch: (batch: BatchReport) => void
}

/**
 * Loads models one after the other, in `into`, as each is there.
 * @throws TorchLoraError INVALID_ARGUMENT for no models or a wrong name, as `loadTextModel`; what has been loaded is in
 * `into` then
 */
export async function loadModels(
  sources: ModelSources,
  into: ServedModel[],
  { load, metrics, maxClientBatch, requestTimeoutMs, onBatch }: LoadModelsOptions,
): Promise<void> {
  for (const [name, source] of named(sources)) {
    const { model: dirOrId, ...own } = typeof source === 'string' ? { model: source } : source
    const counted = metrics.of(name)
    const model = await loadTextModel(dirOrId, {
      ...load,
      ...own,
      onBatch: (batch) => {
        counted.batch(batch)
        onBatch(batch)
      },
    })
    const verb = model.task === 'sentence-similarity' ? 'embed' : 'predict'
    const work = workOf({ device: model.device, verb, metrics: counted, maxClientBatch, requestTimeoutMs })
    into.push({ name, model, work, longText: own.longText ?? load.longText })
  }
}

function named(sources: ModelSources): [name: string | undefined, source: string | ModelSource][] {
  if (typeof sources === 'string') return [[undefined, sources]]
  const entries = Object.entries(sources)
  const wrong = entries.find(([name]) => !/^[A-Za-z0-9._-]{1,64}$/.test(name))
  if (entries.length === 0 || wrong)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `Models: expected at least one, by names of up to 64 letters, digits, dots, dashes and underscores, received ${wrong ? JSON.stringify(wrong[0]) : 'none'}.`,
    )
  return entries
}
