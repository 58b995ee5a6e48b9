import { TorchLoraError } from '../errors.ts'
import * as fused from '../generated/fused.ts'
import { noGrad } from '../grad-mode.ts'
import { linearPaths, productsOf } from '../inference/frozen-model.ts'
import { dropPages } from '../memory.ts'
import type { Model } from '../models/model.ts'
import { frozenCodes, setFrozenCodes } from '../nn/frozen-codes.ts'
import { compile } from '../program.ts'

/**
 * Puts the encoder's frozen Linears on the 8-bit codes that `dtype: 'int8'` serves: products with them and the gradients
 * of their inputs, on this processor's kernels, activations and gradients as codes with a scale a token. Adapters, head,
 * norms and attention stay in float32, and so do weights that train. The pages of the weights are given back; a merge
 * reads them again.
 * @throws TorchLoraError UNSUPPORTED for a model that is not float32 on the CPU, INVALID_ARGUMENT where no Linear of the
 * encoder is frozen
 */
export async function quantizeBase(model: Model): Promise<void> {
  const { device, dtype } = model
  if (device !== 'cpu' || dtype !== 'float32')
    throw new TorchLoraError(
      'UNSUPPORTED',
      `baseDtype 'int8' trains on float32 models on the CPU; this one is ${dtype} on ${device}. There \`dtype: 'bfloat16'\` keeps frozen weights in 16 bits.`,
    )
  const paths = linearPaths(model)
  let frozen = 0
  for (const { layers } of productsOf(model)) {
    const weights = layers.map(({ weight }) => weight)
    const ofBody = layers.every((layer) => model.roleOf(`${paths.get(layer)!}.weight`) === 'body')
    if (!ofBody || weights.some(({ requiresGrad }) => requiresGrad)) continue
    // An adapter may compute with the weight itself, or with another.
    if (layers.some((layer) => layer.segment()?.weight !== layer.weight)) continue
    frozen++
    if (frozenCodes(weights)) continue
    using pack = compile(() =>
      noGrad(() => [fused.prepackLinearInt8(weights), fused.prepackLinearInt8(weights, { transpose: true })]),
    )
    const [packed, packedT] = await pack.run([])
    setFrozenCodes(weights, { packed: packed!, packedT: packedT! })
    for (const weight of weights) dropPages(weight)
  }
  if (frozen === 0)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      "baseDtype 'int8' quantizes frozen weights, and every weight of this model trains: apply an adapter first.",
    )
}
