import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { compile } from '../program.ts'
import type { Tensor } from '../tensor.ts'
import { LoraConfig } from './config.ts'
import { doubled, LoraLinear } from './lora.ts'
import type { BaseChange } from './peft-fields.ts'
import { principalPart } from './principal-part.ts'
import type { LoraState } from './state.ts'

/**
 * PiSSA (Meng et al., 2024) and OLoRA (Buyukakyuz, 2024) start from the principal part of each weight, s B0 A0, and
 * subtract it from the weight: the adapter stands for W - s B0 A0 + s B A, and PEFT computes B0 and A0 again when it
 * loads one. Here the base model stays as it is, for other adapters and for `unloadLora`; the update becomes one of
 * twice the rank, s [B, -B0] [A; A0], as PEFT's `path_initial_model_for_weight_conversion` writes it.
 *
 * A factorization takes a good part of a second for a weight of 768 by 768; it runs off the main thread.
 * @throws TorchLoraError NATIVE when a factorization does not converge
 * Source: peft 0.21, tuners/lora/layer.py, pissa_init and olora_init.
 */
export async function undoBaseChange(state: LoraState, change: BaseChange): Promise<void> {
  for (const layer of state.layers.values()) {
    if (!(layer instanceof LoraLinear)) continue
    const { update } = layer
    const { A, B, scaling } = update
    using factor = compile((weight: Tensor) =>
      principalPart(weight, { r: A.shape[0]!, scaling, how: change }),
    )
    const part = await factor(layer.weight.detach().to({ device: 'cpu', dtype: A.dtype }))
    const device = A.device
    const [both, negated] = noGrad(() => [
      ops.cat([A, part.A.to({ device })], { dim: 0 }), // [2R, in]
      ops.cat([B, ops.neg(part.B.to({ device }))], { dim: 1 }), // [out, 2R]
    ])
    both!.requiresGrad = A.requiresGrad
    negated!.requiresGrad = B.requiresGrad
    layer.update = { ...update, A: both!, B: negated! }
    for (const tensor of [A, B, part.A, part.B]) tensor.dispose()
  }
  if (state.config instanceof LoraConfig) state.config = doubled(state.config)
}
