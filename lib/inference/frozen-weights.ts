import { TorchLoraError } from '../errors.ts'
import * as fused from '../generated/fused.ts'
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
  readonly dispose: () => void
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

  const weights = new LaidOutWeights(products, int8 ? bodyLinears(model) : new Set())
  try {
    await weights.layOut(signal)
    await copyParameters(model, weights.linears, signal)
  } catch (thrown) {
    weights.dispose()
    throw thrown
  }
  return weights
}

/** Weights as this processor's kernels take them. */
class LaidOutWeights implements FrozenWeights {
  readonly linears: ReadonlySet<Linear>
  readonly #numbers: ReadonlyMap<Linear, number>
  readonly #packed = new Map<string, Tensor>()
  /** [out, in], of query, key and value of attention of first tokens alone. */
  readonly #plain = new Map<string, readonly Tensor[]>()

  constructor(
    readonly products: readonly Product[],
    readonly quantizedLinears: ReadonlySet<Linear>,
  ) {
    this.linears = new Set(products.flatMap(({ layers }) => layers))
    this.#numbers = new Map([...this.linears].map((layer, i) => [layer, i]))
  }

  async layOut(signal: AbortSignal | undefined): Promise<void> {
    for (const { weight } of this.linears) dropPages(weight) // read by the trace, all of them
    for (const { layers, firstTokens } of this.products) {
      const key = this.#key(layers)
      if (this.#packed.has(key) || this.#plain.has(key)) continue
      const quantized = this.quantized(layers)
      if (firstTokens && !quantized) {
        using copy = compile(() => noGrad(() => layers.map((layer) => effectiveWeight(layer).clone())))
        this.#plain.set(key, await copy.run([], { signal }))
      } else {
        using pack = compile(() =>
          noGrad(() => {
            const weights = layers.map(effectiveWeight)
            return quantized ? fused.prepackLinearInt8(weights) : fused.prepackLinear(weights, false)
          }),
        )
        this.#packed.set(key, await pack.run([], { signal }))
      }
      for (const { weight } of layers) dropPages(weight)
    }
  }

  quantized(layers: readonly Linear[]): boolean {
    return layers.every((layer) => this.quantizedLinears.has(layer))
  }

  operands(layers: readonly Linear[]): Operands {
    const key = this.#key(layers)
    const weights = this.#plain.get(key) ?? layers.map(({ weight }) => weight)
    return { weights, packed: this.#packed.get(key) ?? null }
  }

  readonly kernel: LinearKernel = {
    product: (x, layers, { gelu }) => {
      const { weights, packed } = this.operands(layers)
      const bias = biases(layers)
      if (!this.quantized(layers))
        return (gelu ? fused.linearGelu : fused.linear)(x, weights, bias, [], [], [], { packed })
      const out = layers.map(({ outFeatures }) => outFeatures)
      return fused.linearInt8(x, packed!, out, bias, { gelu })
    },
    firstTokenAttention: ({ hidden, rows, layers, heads, cuSeqlens, maxSeqlen }) => {
      const weights = this.#plain.get(this.#key(layers))
      if (!weights) return null
      const [wQuery, wKey, wValue] = weights
      const [query, , value] = layers
      const first = ops.indexSelect(hidden, 0, rows) // [B, H]
      const asked = fused.linear(first, [wQuery!], biases([query]), [], [], []) // [B, H]
      const perHead = ops.view(asked, [-1, heads, query.outFeatures / heads]) // [B, N, D]
      return fused.firstTokenAttention(hidden, perHead, wKey!, wValue!, value.bias, cuSeqlens, maxSeqlen) // [B, H]
    },
  }

  readonly dispose = (): void => {
    for (const tensor of [...this.#packed.values(), ...[...this.#plain.values()].flat()]) tensor.dispose()
  }

  #key(layers: readonly Linear[]): string {
    return layers.map((layer) => this.#numbers.get(layer)).join()
  }
}

/** Copies from the checkpoint's files what is neither laid out nor a table of embeddings. */
async function copyParameters(
  model: SequenceClassifier,
  linears: ReadonlySet<Linear>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const stay = new Set([...linears].map(({ weight }) => weight))
  for (const [path, module] of model.namedModules()) {
    if (module instanceof Embedding && path.startsWith(`${model.basePrefix}.embeddings.`))
      stay.add(module.weight)
  }
  for (const [path, parameter] of [...model.namedParameters()]) {
    if (stay.has(parameter)) continue
    using copy = compile(() => noGrad(() => parameter.clone()))
    model.replaceParameter(path, await copy.run([], { signal }))
  }
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
