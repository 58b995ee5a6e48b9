import { packBatch } from '../data/index.ts'
import { Random } from '../data/random.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { encodeExamples, modelRules } from '../models/encode-examples.ts'
import type { Model } from '../models/model.ts'
import { batchTensors, disposeBatch } from '../nn/batch.ts'
import { boolean, list, type Rules, readOptions, signal, whole } from '../options.ts'
import type { EncodedExamples, SampleOf, Task } from '../tasks/task.ts'
import { Tensor } from '../tensor.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
import { LoraConfig } from './config.ts'
import { distributeRanks, roundHalfEven } from './eva-ranks.ts'
import { IncrementalPca } from './incremental-pca.ts'
import { LayerInputs } from './layer-inputs.ts'
import { LoraLinear } from './lora.ts'
import { disposeAdapted } from './method.ts'
import { type LoraState, loraState } from './state.ts'
import { rankAndAlpha } from './targets.ts'

/** The texts by which {@link initializeLoraEvaWeights} finds what a model's layers are given. */
export interface EvaOptions<T extends Task = Task> {
  tokenizer: Tokenizer
  /** Those to be trained on; as many are read as it takes. */
  examples: readonly SampleOf<T>[]
  /** Texts a batch. Default 16. */
  batchSize?: number | undefined
  /** Read them in an order of their own, always the same, and not as they come. Default true. */
  shuffle?: boolean | undefined
  /** Tokens of a text at most. Default: what the model takes. */
  maxLength?: number | undefined
  signal?: AbortSignal | undefined
}

const rules: Rules<EvaOptions> = {
  tokenizer: modelRules.tokenizer,
  examples: list('examples', 1),
  batchSize: whole(1),
  shuffle: boolean,
  maxLength: whole(1),
  signal,
}

/** Batches after which nothing will settle any more. */
const mostBatches = 2000

/**
 * Starts every A of the active adapter, made with `initLoraWeights: 'eva'`, as the directions in which its layer's inputs
 * vary most (EVA: Paischer et al., "Parameter Efficient Fine-tuning via Explained Variance Adaptation", 2024). Ranks go
 * from layers whose inputs few directions explain to others, up to `evaConfig.rho` times as many; a layer that is left
 * with none is adapted no more. B stays zero: outputs do not change. Before training; off the main thread.
 * Source: peft 0.21, tuners/lora/eva.py, initialize_lora_eva_weights.
 * @returns the same model
 * @throws TorchLoraError INVALID_ARGUMENT for an adapter that is not to start so, or inputs that do not settle;
 * INCOMPATIBLE for labels that are not the model's; ABORTED, OUT_OF_MEMORY, NATIVE
 */
export async function initializeLoraEvaWeights<T extends Task, M extends Model<T>>(
  model: M,
  options: EvaOptions<T>,
): Promise<M> {
  readOptions('initializeLoraEvaWeights', options as unknown as EvaOptions, rules)
  const state = loraState(model as unknown as Model)
  const { config } = state
  if (!(config instanceof LoraConfig) || config.initLoraWeights !== 'eva')
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      "initializeLoraEvaWeights: the active adapter is not to start so: make it with initLoraWeights: 'eva'.",
    )
  const encoded = await encodeExamples({ ...options, model: model as unknown as Model<T> })
  const layers = new Map(
    [...state.layers].filter((entry): entry is [string, LoraLinear] => entry[1] instanceof LoraLinear),
  )
  using found = await principalInputs(model as unknown as Model, layers, { ...options, config, encoded })
  takeFactors(model as unknown as Model, state, { layers, config, ...found })
  return model
}

interface SearchOptions extends Pick<EvaOptions, 'batchSize' | 'shuffle' | 'signal'> {
  config: LoraConfig
  encoded: EncodedExamples
}

/** A layer's analysis, shared with the layers that have the same inputs. */
interface Analysis {
  pca: IncrementalPca
  /** Whether each component has settled. */
  settled: boolean[]
  /** Whether those that its layers are to get have: it is read no more, and again when they are to get others. */
  done: boolean
}

interface Found {
  ranks: ReadonlyMap<string, number>
  analysisOf(path: string): IncrementalPca
}

async function principalInputs(
  model: Model,
  layers: ReadonlyMap<string, LoraLinear>,
  { config, encoded, batchSize = 16, shuffle = true, signal }: SearchOptions,
): Promise<Found & Disposable> {
  const { tau } = config.evaSettings
  const batches = batchesOf((encoded.groups ?? encoded.encodings).length, { batchSize, shuffle })
  using inputs = new LayerInputs(model, layers)
  const read = async (indices: readonly number[]) => {
    const sequences = model.task.sequences(encoded, indices, 0)
    const batch = batchTensors(
      packBatch(sequences, { positions: model.positions, tables: model.config }),
      model.device,
    )
    try {
      return await inputs.read(batch, { signal })
    } finally {
      disposeBatch(batch)
    }
  }
  // Which layers have the same inputs is known when a batch has gone through.
  using first = await read(batches[0]!)
  const leader = inputs.leaders()
  const paths = [...leader.keys()]
  const most = componentsOf(paths, { leader, config, model, layers })
  const budget = paths.reduce((sum, path) => sum + rankAndAlpha(config, path).r, 0)
  const analyses = new Map<string, Analysis>()
  for (const path of new Set(leader.values())) {
    const count = most.get(path)!
    const settled = new Array<boolean>(count).fill(false)
    analyses.set(path, { pca: new IncrementalPca(count), settled, done: false })
  }
  let ranks: ReadonlyMap<string, number> = most
  try {
    for (let at = 0; ; at++) {
      for (const [path, analysis] of analyses)
        analysis.done = analysis.settled.slice(0, ranks.get(path)!).every(Boolean)
      if ([...analyses.values()].every(({ done }) => done)) break
      if (at === mostBatches) throw unsettled(tau)
      using rows = at === 0 ? first : await read(batches[at % batches.length]!)
      for (const [path, analysis] of analyses) if (!analysis.done) await take(analysis, rows.of(path), tau)
      if ([...analyses.values()].every(({ pca }) => pca.state))
        ranks = distributeRanks({ leader, most, budget, explained: explainedOf(analyses) })
    }
  } catch (thrown) {
    for (const { pca } of analyses.values()) pca[Symbol.dispose]()
    throw thrown
  }
  return {
    ranks,
    analysisOf: (path) => analyses.get(leader.get(path)!)!.pca,
    [Symbol.dispose]() {
      for (const { pca } of analyses.values()) pca[Symbol.dispose]()
    },
  }
}

/** Batches of fewer rows than there are components are passed over. */
async function take(analysis: Analysis, rows: readonly Tensor[], tau: number): Promise<void> {
  for (const each of rows) {
    if (each.shape[0]! < analysis.pca.count) continue
    const alike = await analysis.pca.fit(each)
    if (alike) analysis.settled = Array.from(alike, (cosine) => cosine >= tau)
  }
}

function explainedOf(analyses: ReadonlyMap<string, Analysis>): Map<string, number[]> {
  return new Map(
    Array.from(analyses, ([path, { pca }]) => [path, Array.from(pca.state!.explained.readSync(), Number)]),
  )
}

/** Components to look for of each layer: rho times its rank; of layers with the same inputs as many as the most of them. */
function componentsOf(
  paths: readonly string[],
  {
    leader,
    config,
    model,
    layers,
  }: {
    leader: ReadonlyMap<string, string>
    config: LoraConfig
    model: Model
    layers: ReadonlyMap<string, LoraLinear>
  },
): Map<string, number> {
  const largest = Math.max(...Array.from(model.namedParameters(), ([, { shape }]) => Math.max(...shape)))
  const { rho: asked } = config.evaSettings
  const rho = asked > 1000 ? Math.min(asked, Math.floor(largest / config.r)) : asked
  const own = new Map(paths.map((path) => [path, roundHalfEven(rankAndAlpha(config, path).r * rho)]))
  const most = new Map(
    paths.map((path) => [
      path,
      Math.max(
        ...paths.filter((other) => leader.get(other) === leader.get(path)).map((other) => own.get(other)!),
      ),
    ]),
  )
  for (const [path, count] of most) {
    const { inFeatures } = layers.get(path)!
    if (count > inFeatures)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `initializeLoraEvaWeights: ${path} has ${inFeatures} inputs, of which ${count} directions are asked for (r times rho): lower one of them.`,
      )
  }
  return most
}

function batchesOf(
  count: number,
  { batchSize, shuffle }: { batchSize: number; shuffle: boolean },
): number[][] {
  const order = shuffle ? [...new Random(0).permutation(count)] : Array.from({ length: count }, (_, i) => i)
  return Array.from({ length: Math.ceil(count / batchSize) }, (_, b) =>
    order.slice(b * batchSize, (b + 1) * batchSize),
  )
}

/** Gives each layer its factors, and the configuration the ranks that came of it. */
function takeFactors(
  model: Model,
  state: LoraState,
  {
    layers,
    config,
    ranks,
    analysisOf,
  }: Found & { layers: ReadonlyMap<string, LoraLinear>; config: LoraConfig },
): void {
  const rankPattern: Record<string, number> = {}
  const alphaPattern: Record<string, number> = {}
  const prefix = `${model.family.prefix}.`
  const { whiten, adjustScalingFactors } = config.evaSettings
  for (const [path, layer] of layers) {
    const { r, alpha: before } = rankAndAlpha(config, path)
    const rank = ranks.get(path) ?? r
    if (rank === 0) {
      model.replaceModule(path, layer.base)
      disposeAdapted(layer)
      state.layers.delete(path)
      continue
    }
    const alpha = adjustScalingFactors ? (before * rank) / r : before
    if (ranks.has(path)) {
      const { components, singularValues } = analysisOf(path).state!
      layer.update = factorsOf(layer, {
        components,
        singularValues: whiten ? singularValues : null,
        rank,
        scaling: config.scaling(rank, alpha),
      })
    }
    // Names that mean the module in a model with its prefix and in one without.
    const name = path.startsWith(prefix) ? path.slice(prefix.length) : path
    if (rank !== config.r) rankPattern[name] = rank
    if (alpha !== config.loraAlpha) alphaPattern[name] = alpha
  }
  state.config = config.with({
    rankPattern,
    alphaPattern,
    ...([...layers.keys()].some((path) => !state.layers.has(path)) && {
      targetModules: [...state.layers.keys()],
    }),
  })
}

function factorsOf(
  { update, outFeatures }: LoraLinear,
  {
    components,
    singularValues,
    rank,
    scaling,
  }: { components: Tensor; singularValues: Tensor | null; rank: number; scaling: number },
): LoraLinear['update'] {
  const { device, dtype } = update.A
  const A = noGrad(() => {
    const first = (tensor: Tensor) => ops.slice(tensor, { dim: 0, start: 0, end: rank })
    const rows = first(components) // [R, in]
    const scaled = singularValues ? ops.div(rows, ops.unsqueeze(ops.sqrt(first(singularValues)), 1)) : rows
    return scaled.to({ device, dtype }).clone()
  })
  const B = Tensor.zeros([outFeatures, rank], { device, dtype })
  A.requiresGrad = update.A.requiresGrad
  B.requiresGrad = update.B.requiresGrad
  update.A.dispose()
  update.B.dispose()
  return { ...update, A, B, scaling }
}

function unsettled(tau: number): TorchLoraError {
  return new TorchLoraError(
    'INVALID_ARGUMENT',
    `initializeLoraEvaWeights: after ${mostBatches} batches the directions still turn by more than a cosine of ${tau} lets them. Give larger batches or more texts, a lower evaConfig.tau, or a lower rank.`,
  )
}
