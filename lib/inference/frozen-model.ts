import { TorchLoraError } from '../errors.ts'
import * as fused from '../generated/fused.ts'
import { noGrad } from '../grad-mode.ts'
import { dropPages } from '../memory.ts'
import { Model } from '../models/model.ts'
import { Embedding } from '../nn/embedding.ts'
import { type FusedGroup, FusingModule, LinearLike } from '../nn/linear.ts'
import { shareStorage } from '../nn/shared-storage.ts'
import { compile } from '../program.ts'
import type { Task } from '../tasks/task.ts'
import type { Tensor } from '../tensor.ts'
import { ServedLinear, ServedWeights } from './served-linear.ts'

/**
 * A copy of a model whose weights will not change any more: each Linear is a {@link ServedLinear}, in the layout of
 * this processor's kernels (`lora::prepack_linear`), adapters merged, so that a product neither packs nor adapts
 * anything. All else it shares with the model it is of.
 */
export interface FrozenModel<T extends Task = Task> {
  readonly model: Model<T>
  readonly weights: ServedWeights
  /** Frees what is the copy's own. */
  dispose(): void
}

export interface FreezeOptions<T extends Task = Task> {
  /** What the copy's head computes. Default: the model's own task. */
  task?: T
  /**
   * Quantize the encoder's Linears: weights to 8 bits with a scale an output channel, activations as they come, with a
   * scale a token, so that a text's answer does not depend on the batch it is in. Embeddings, layer norms, attention
   * and the head stay as they are. For float32 models on the CPU.
   */
  int8?: boolean
  signal?: AbortSignal
}

/**
 * Packs the weights of every product that the forward pass computes, and gives the pages of the originals back: in
 * memory there is one copy. Query, key and value of a last layer of which only the first tokens are read stay as they
 * are, since few products with few rows do there (`firstTokenContext`). Tables of embeddings stay in the checkpoint's
 * files, of which only the rows of a text are read; other parameters are copied from there. Files may be deleted or
 * replaced afterwards; one that is written to in place makes the forward pass fail (`lora::embedding`). All on the
 * executor's thread, a layer at a time, so that other models go on in between.
 *
 * Where there is no packed layout (CUDA, float16) products take the weights as they are.
 */
export async function freezeModel<T extends Task>(
  model: Model<T>,
  { task = model.task, int8 = false, signal }: FreezeOptions<T> = {},
): Promise<FrozenModel<T>> {
  const { device, dtype } = model
  if (int8 && (device !== 'cpu' || dtype !== 'float32'))
    throw new TorchLoraError(
      'UNSUPPORTED',
      `int8 runs float32 models on the CPU; this one is ${dtype} on ${device}. On CUDA choose bfloat16 or float16.`,
    )
  const packs = device === 'cpu' && dtype !== 'float16'
  const weights = new ServedWeights()
  const own: { dispose(): void }[] = [weights]
  const dispose = () => {
    for (const part of own) part.dispose()
  }
  const paths = linearPaths(model)
  const firstTokens = model.head.reads === 'first' ? model.encoder.firstTokenLayers() : null
  try {
    if (packs) for (const { weight } of paths.keys()) dropPages(weight)
    for (const { layers } of productsOf(model)) {
      const names = layers.map((layer) => paths.get(layer)!)
      const quantized = int8 && names.every((path) => model.roleOf(`${path}.weight`) === 'body')
      const plain = !packs || (!quantized && layers.some((layer) => firstTokens?.includes(layer)))
      if (!packs && layers.every((layer) => layer.adapterParameters().length === 0)) {
        shareStorage(layers)
        weights.set(names, { weights: layers.map(({ weight }) => weight), packed: null, quantized: false })
        continue
      }
      using lay = compile(() =>
        noGrad(() => {
          const effective = layers.map((layer) => layer.effectiveWeight())
          if (plain) return effective.map((weight) => weight.clone())
          return [quantized ? fused.prepackLinearInt8(effective) : fused.prepackLinear(effective, false)]
        }),
      )
      const laid = await lay.run([], { signal })
      if (plain) {
        own.push(...laid)
        shareStorage(layers.map(({ bias }, i) => ({ weight: laid[i]!, bias })))
        weights.set(names, { weights: laid, packed: null, quantized: false })
        // Alone for `firstTokenContext`, of which there is no kernel where nothing packs.
        for (const [i, name] of packs ? names.entries() : [])
          weights.set([name], { weights: [laid[i]!], packed: null, quantized: false })
      } else weights.set(names, { weights: layers.map(({ weight }) => weight), packed: laid[0]!, quantized })
      for (const { weight } of layers) dropPages(weight)
    }
    const copied = packs
      ? await copyParameters(model, new Set(paths.keys()), signal)
      : new Map<string, Tensor>()
    own.push(...copied.values())
    const linear = (path: string, base: LinearLike) => new ServedLinear(base, path, weights)
    return { model: standingModel(model, { task, parameters: copied, linear }), weights, dispose }
  } catch (thrown) {
    dispose()
    throw thrown
  }
}

/** The Linears of a model by path. */
export function linearPaths(model: Model): Map<LinearLike, string> {
  const paths = new Map<LinearLike, string>()
  for (const [path, module] of model.namedModules()) if (module instanceof LinearLike) paths.set(module, path)
  return paths
}

/** What a forward pass computes together, and the Linears that it computes alone. */
export function productsOf(model: Model): FusedGroup[] {
  const modules = Array.from(model.namedModules(), ([, module]) => module)
  const groups = modules.flatMap((module) => (module instanceof FusingModule ? module.fusedGroups() : []))
  const together = new Set(groups.flatMap(({ layers }) => layers))
  const alone = modules.filter((module) => module instanceof LinearLike && !together.has(module))
  return [...groups, ...alone.map((layer): FusedGroup => ({ layers: [layer as LinearLike], rows: 'token' }))]
}

/** A model of the same family with other Linears in the places of its own, which shares the parameters that are not given. */
export function standingModel<T extends Task>(
  model: Model<T>,
  {
    task = model.task,
    parameters,
    linear,
  }: {
    task?: T
    parameters: ReadonlyMap<string, Tensor>
    linear: (path: string, base: LinearLike) => LinearLike
  },
): Model<T> {
  const copy = new Model(model.family, model.config, task, { device: 'meta' })
  for (const [path, parameter] of model.namedParameters())
    copy.replaceParameter(path, parameters.get(path) ?? parameter)
  for (const [path, module] of [...copy.namedModules()])
    if (module instanceof LinearLike) copy.replaceModule(path, linear(path, module))
  return copy.eval()
}

/** Copies of what is neither laid out nor a table of embeddings, by path: off the pages of the checkpoint's files. */
async function copyParameters(
  model: Model,
  linears: ReadonlySet<LinearLike>,
  signal: AbortSignal | undefined,
): Promise<Map<string, Tensor>> {
  const stay = new Set([...linears].map(({ weight }) => weight))
  for (const [path, module] of model.namedModules())
    if (module instanceof Embedding && model.roleOf(path) === 'body' && readsRows(path))
      stay.add(module.weight)
  const copied = new Map<string, Tensor>()
  for (const [path, parameter] of model.namedParameters()) {
    if (stay.has(parameter)) continue
    using copy = compile(() => noGrad(() => parameter.clone()))
    copied.set(path, await copy.run([], { signal }))
    dropPages(parameter)
  }
  return copied
}

/** Whether an embedding is a table of which a text reads its rows, as those of words are; not relative positions. */
function readsRows(path: string): boolean {
  return path.includes('.embeddings.')
}
