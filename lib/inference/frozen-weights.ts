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
 * (`lora::prepack_linear`), updates merged, so that a product neither packs nor adapts anything. Query, key and value of
 * the last layer stay as they are: of that attention only the first tokens' outputs are read, for which few products
 * with few rows do (`lora::first_token_attention`).
 */
export interface FrozenWeights {
  readonly products: readonly Product[]
  readonly kernel: LinearKernel
  /** What `lora::linear` takes for Linears that are computed together and not quantized. */
  operands(layers: readonly Linear[]): Operands
  /** Whether a product runs on 8-bit codes (`lora::linear_int8`): then only `kernel` can compute it. */
  quantized(layers: readonly Linear[]): boolean
  dispose(): void
}

/** Weights as `lora::linear` takes them. */
export interface Operands {
  /** [out, in] each; where `packed` holds their values only the shapes count */
  weights: readonly Tensor[]
  packed: Tensor | null
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
    return {
      products,
      kernel: ownWeights,
      operands: (layers) => ({ weights: layers.map(({ weight }) => weight), packed: null }),
      quantized: () => false,
      dispose() {},
    }

  const numbers = new Map<Linear, number>()
  for (const { layers } of products)
    for (const layer of layers) if (!numbers.has(layer)) numbers.set(layer, numbers.size)
  const key = (layers: readonly Linear[]) => layers.map((layer) => numbers.get(layer)).join()
  const body = int8 ? bodyLinears(model) : new Set<Linear>()
  const quantized = (layers: readonly Linear[]) => layers.every((layer) => body.has(layer))
  for (const { weight } of numbers.keys()) dropPages(weight) // read by the trace, all of them
  const packed = new Map<string, Tensor>()
  /** Weights of query, key and value of attention of first tokens alone. */
  const plain = new Map<string, readonly Tensor[]>()
  const dispose = () => {
    for (const tensor of [...packed.values(), ...[...plain.values()].flat()]) tensor.dispose()
  }
  try {
    for (const { layers, firstTokens } of products) {
      if (packed.has(key(layers)) || plain.has(key(layers))) continue
      if (firstTokens && !quantized(layers)) {
        using copy = compile(() => noGrad(() => layers.map((layer) => effectiveWeight(layer).clone())))
        plain.set(key(layers), await copy.run([], { signal }))
      } else {
        using pack = compile(() =>
          noGrad(() => {
            const weights = layers.map(effectiveWeight)
            return quantized(layers) ? ops.prepackLinearInt8(weights) : ops.prepackLinear(weights, false)
          }),
        )
        packed.set(key(layers), await pack.run([], { signal }))
      }
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
  const operands = (layers: readonly Linear[]): Operands => {
    const weights = plain.get(key(layers)) ?? layers.map(({ weight }) => weight)
    return { weights, packed: packed.get(key(layers)) ?? null }
  }
  const kernel: LinearKernel = {
    product(x, layers, { gelu }) {
      const { weights, packed } = operands(layers)
      if (!quantized(layers))
        return (gelu ? ops.loraLinearGelu : ops.loraLinear)(x, weights, biases(layers), [], [], [], {
          packed,
        })
      const out = layers.map(({ outFeatures }) => outFeatures)
      return ops.linearInt8(x, packed!, out, biases(layers), { gelu })
    },
    firstTokenAttention({ hidden, rows, layers, heads, cuSeqlens, maxSeqlen }) {
      const weights = plain.get(key(layers))
      if (!weights) return null
      const [query, , value] = layers
      const [wQuery, wKey, wValue] = weights
      const first = ops.indexSelect(hidden, 0, rows) // [B, H]
      const asked = ops.loraLinear(first, [wQuery!], biases([query]), [], [], []) // [B, H]
      const perHead = ops.view(asked, [-1, heads, query.outFeatures / heads]) // [B, N, D]
      return ops.firstTokenAttention(hidden, perHead, wKey!, wValue!, value.bias, cuSeqlens, maxSeqlen) // [B, H]
    },
  }
  return { products, kernel, operands, quantized, dispose }
}

/** The biases of Linears that are computed together, or none. */
function biases(layers: readonly Linear[]): Tensor[] {
  return layers.every(({ bias }) => bias) ? layers.map(({ bias }) => bias!) : []
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
