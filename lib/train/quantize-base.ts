import { TorchLoraError } from '../errors.ts'
import * as fused from '../generated/fused.ts'
import { noGrad } from '../grad-mode.ts'
import { linearPaths, productsOf } from '../inference/frozen-model.ts'
import { dropPages } from '../memory.ts'
import type { Model } from '../models/model.ts'
import { frozenCodes, setFrozenCodes } from '../nn/frozen-codes.ts'
import { compile } from '../program.ts'
import type { Tensor } from '../tensor.ts'

/** What frozen weights are kept in while adapters train over them. */
export type BaseDType = 'int8' | 'nf4'

/** The type of the tensors that hold the codes. */
const storage = { int8: 'int8', nf4: 'uint8' } as const

/**
 * Puts the encoder's frozen Linears on codes: products with them and the gradients of their inputs. Adapters, head, norms
 * and attention stay in float32, and so do weights that train. The pages of the weights are given back; a merge reads
 * them again.
 *
 * 'int8': the codes that `dtype: 'int8'` serves, on this processor's kernels, activations and gradients as codes with a
 * scale a token. 'nf4': four bits a number as bitsandbytes quantizes them in blocks of 64, bit for bit (QLoRA, Dettmers
 * et al., 2023); products are float32's with the numbers that they stand for, made as a product packs its panels.
 * @throws TorchLoraError UNSUPPORTED for a model that is not float32 on the CPU, INVALID_ARGUMENT where no Linear of the
 * encoder is frozen
 */
export async function quantizeBase(model: Model, baseDtype: BaseDType): Promise<void> {
  requireQuantizable(model, baseDtype)
  const paths = linearPaths(model)
  let frozen = 0
  for (const { layers } of productsOf(model)) {
    const weights = layers.map(({ weight }) => weight)
    const ofBody = layers.every((layer) => model.roleOf(`${paths.get(layer)!}.weight`) === 'body')
    if (!ofBody || weights.some(({ requiresGrad }) => requiresGrad)) continue
    // An adapter may compute with the weight itself, or with another.
    if (layers.some((layer) => layer.segment()?.weight !== layer.weight)) continue
    frozen++
    if (frozenCodes(weights)?.packed.dtype === storage[baseDtype]) continue
    using pack = compile(() => noGrad(() => codesOf(weights, baseDtype)))
    const [packed, packedT = packed] = await pack.run([])
    setFrozenCodes(weights, { packed: packed!, packedT: packedT! })
    for (const weight of weights) dropPages(weight)
  }
  if (frozen === 0)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `baseDtype '${baseDtype}' quantizes frozen weights, and every weight of this model trains: apply an adapter first.`,
    )
}

/** @throws TorchLoraError UNSUPPORTED for a model that is not float32 on the CPU */
export function requireQuantizable({ device, dtype }: Model, baseDtype: BaseDType): void {
  if (device === 'cpu' && dtype === 'float32') return
  throw new TorchLoraError(
    'UNSUPPORTED',
    `baseDtype '${baseDtype}' trains on float32 models on the CPU; this one is ${dtype} on ${device}. Load it as that, or leave baseDtype away: \`dtype: 'bfloat16'\` keeps frozen weights in 16 bits on any device.`,
  )
}

/** For products, and for gradients where those take others. */
function codesOf(weights: readonly Tensor[], baseDtype: BaseDType): Tensor[] {
  if (baseDtype === 'nf4') return [fused.prepackLinearNf4(weights)]
  return [fused.prepackLinearInt8(weights), fused.prepackLinearInt8(weights, { transpose: true })]
}
