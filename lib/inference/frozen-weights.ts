import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { dropPages } from '../memory.ts'
import type { SequenceClassifier } from '../models/classifier.ts'
import { Embedding } from '../nn/embedding.ts'
import { Linear, type LinearKernel, ownWeights } from '../nn/linear.ts'
import { compile } from '../program.ts'
import type { Tensor } from '../tensor.ts'
import { type Product, traceProducts } from './products.ts'

/**
 * A model's Linears with weights that will not change any more: each in the layout of this processor's kernels
 * (`lora::prepack_linear`), updates merged, so that a product neither packs nor adapts anything.
 */
export interface FrozenWeights {
  readonly products: readonly Product[]
  readonly kernel: LinearKernel
  /** The packed weights of Linears that are computed together, or null where `lora::linear` has none to take. */
  packed(layers: readonly Linear[]): Tensor | null
  /** Whether a product runs on 8-bit codes (`lora::linear_int8`): then only `kernel` can compute it. */
  quantized(layers: readonly Linear[]): boolean
  dispose(): void
}

export interface FreezeOptions {
  /**
   * Quantize the body's Linears: weights to 8 bits with a scale an output channel, activations as they come, with a
   * scale a token, so that a text's answer does not depend on the batch it is in. Embeddings, layer norms, attention
   * and the head stay as they are. For float32 models on the CPU.
   */
  int8?: boolean
  signal?: AbortSignal
}

/**
 * Packs the weights of every product that the forward pass computes, and gives the pages of the originals back: in
 * memory there is one copy. Tables of embeddings stay in the checkpoint's files, of which only the rows of a text are
 * read; other parameters are copied from there. Files may be deleted or replaced afterwards; one that is written to in
 * place makes the forward pass fail (`lora::embedding`). All on the executor's thread, a layer at a time, so that
 * other models go on in between. The model's own weights and updates stay as they are.
 *
 * Where there is no packed layout (CUDA, half precision) the kernel takes the model's own weights and updates.
 */
export async function freezeWeights(
  model: SequenceClassifier,
  { int8 = false, signal }: FreezeOptions = {},
): Promise<FrozenWeights> {
  const products = await traceProducts(model, signal)
  const { dtype, device } = products[0]!.layers[0]!.weight
  if (int8 && (device !== 'cpu' || dtype !== 'float32'))
    throw new TorchLoraError(
      'UNSUPPORTED',
      `int8 runs float32 models on the CPU; this one is ${dtype} on ${device}. On CUDA choose bfloat16 or float16.`,
    )
  if (device !== 'cpu' || (dtype !== 'float32' && dtype !== 'float64'))
    return { products, kernel: ownWeights, packed: () => null, quantized: () => false, dispose() {} }

  const numbers = new Map<Linear, number>()
  for (const { layers } of products)
    for (const layer of layers) if (!numbers.has(layer)) numbers.set(layer, numbers.size)
  const key = (layers: readonly Linear[]) => layers.map((layer) => numbers.get(layer)).join()
  const body = int8 ? bodyLinears(model) : new Set<Linear>()
  const quantized = (layers: readonly Linear[]) => layers.every((layer) => body.has(layer))
  for (const { weight } of numbers.keys()) dropPages(weight) // read by the trace, all of them
  const packed = new Map<string, Tensor>()
  const dispose = () => {
    for (const tensor of packed.values()) tensor.dispose()
  }
  try {
    for (const { layers } of products) {
      if (packed.has(key(layers))) continue
      using pack = compile(() =>
        noGrad(() => {
          const weights = layers.map(effectiveWeight)
          return quantized(layers) ? ops.prepackLinearInt8(weights) : ops.prepackLinear(weights, false)
        }),
      )
      packed.set(key(layers), await pack.run([], { signal }))
      for (const { weight } of layers) dropPages(weight)
    }
    const stay = new Set([...numbers.keys()].map(({ weight }) => weight))
    for (const [path, module] of model.namedModules()) {
      if (module instanceof Embedding && path.startsWith(`${model.basePrefix}.embeddings.`))
        stay.add(module.weight)
    }
    for (const [path, parameter] of [...model.namedParameters()]) {
      if (stay.has(parameter)) continue
      using copy = compile(() => noGrad(() => parameter.clone()))
      model.replaceParameter(path, await copy.run([], { signal }))
    }
  } catch (thrown) {
    dispose()
    throw thrown
  }
  const kernel: LinearKernel = (x, layers, { gelu }) => {
    const weights = packed.get(key(layers))!
    const bias = layers.every((layer) => layer.bias) ? layers.map((layer) => layer.bias!) : []
    if (quantized(layers)) {
      const out = layers.map(({ outFeatures }) => outFeatures)
      return ops.linearInt8(x, weights, out, bias, { gelu })
    }
    const linear = gelu ? ops.loraLinearGelu : ops.loraLinear
    const own = layers.map(({ weight }) => weight)
    return linear(x, own, bias, [], [], [], { packed: weights })
  }
  const ofLinear = (layers: readonly Linear[]) =>
    quantized(layers) ? null : (packed.get(key(layers)) ?? null)
  return { products, kernel, packed: ofLinear, quantized, dispose }
}

/** The Linears of the body: not the pooler, which is the head's. */
function bodyLinears(model: SequenceClassifier): Set<Linear> {
  const body = `${model.basePrefix}.`
  const linears = new Set<Linear>()
  for (const [path, module] of model.namedModules())
    if (module instanceof Linear && path.startsWith(body) && !path.startsWith(`${body}pooler.`))
      linears.add(module)
  return linears
}

/** W + scaling B A, [out, in] */
export function effectiveWeight({ weight, update }: Linear): Tensor {
  if (!update) return weight
  return ops.add(weight, ops.mulScalar(ops.matmul(update.B, update.A), update.scaling))
}
