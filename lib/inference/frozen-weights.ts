import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { SequenceClassifier } from '../models/classifier.ts'
import { type Linear, type LinearKernel, ownWeights } from '../nn/linear.ts'
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
  /** The packed weights of Linears that are computed together, or null where there is no packed layout. */
  packed(layers: readonly Linear[]): Tensor | null
  dispose(): void
}

/**
 * Packs the weights of every product that the forward pass computes, and moves the other parameters off the pages of
 * the checkpoint's files: what happens to the files afterwards does not matter. All on the executor's thread, a layer
 * at a time, so that other models go on in between. The model's own weights and updates stay as they are.
 *
 * Where there is no packed layout (CUDA, half precision) the kernel takes the model's own weights and updates.
 */
export async function freezeWeights(
  model: SequenceClassifier,
  { signal }: { signal?: AbortSignal } = {},
): Promise<FrozenWeights> {
  const products = await traceProducts(model, signal)
  const { dtype, device } = products[0]!.layers[0]!.weight
  if (device !== 'cpu' || (dtype !== 'float32' && dtype !== 'float64'))
    return { products, kernel: ownWeights, packed: () => null, dispose() {} }

  const numbers = new Map<Linear, number>()
  for (const { layers } of products)
    for (const layer of layers) if (!numbers.has(layer)) numbers.set(layer, numbers.size)
  const key = (layers: readonly Linear[]) => layers.map((layer) => numbers.get(layer)).join()
  const packed = new Map<string, Tensor>()
  const dispose = () => {
    for (const tensor of packed.values()) tensor.dispose()
  }
  try {
    for (const { layers } of products) {
      if (packed.has(key(layers))) continue
      using pack = compile(() => noGrad(() => ops.prepackLinear(layers.map(effectiveWeight), false)))
      packed.set(key(layers), await pack.run([], { signal }))
    }
    const ofProducts = new Set([...numbers.keys()].map(({ weight }) => weight))
    for (const [path, parameter] of [...model.namedParameters()]) {
      if (ofProducts.has(parameter)) continue
      using copy = compile(() => noGrad(() => parameter.clone()))
      model.replaceParameter(path, await copy.run([], { signal }))
    }
  } catch (thrown) {
    dispose()
    throw thrown
  }
  const kernel: LinearKernel = (x, layers, { gelu }) =>
    (gelu ? ops.loraLinearGelu : ops.loraLinear)(
      x,
      layers.map(({ weight }) => weight),
      layers.every(({ bias }) => bias) ? layers.map(({ bias }) => bias!) : [],
      [],
      [],
      [],
      { packed: packed.get(key(layers))! },
    )
  return { products, kernel, packed: (layers) => packed.get(key(layers)) ?? null, dispose }
}

/** W + scaling B A, [out, in] */
export function effectiveWeight({ weight, update }: Linear): Tensor {
  if (!update) return weight
  return ops.add(weight, ops.mulScalar(ops.matmul(update.B, update.A), update.scaling))
}
