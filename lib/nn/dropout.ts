import { TorchLoraError } from '../errors.ts'
import * as fused from '../generated/fused.ts'
import type { Tensor } from '../tensor.ts'
import { Module } from './module.ts'

/** Zeroes elements with probability p and scales the rest by 1/(1-p); p = 0 is the identity. */
export function dropout(x: Tensor, p: number): Tensor {
  return p === 0 ? x : fused.dropout(x, p)
}

/** The same as a module, active while it trains; `torch.nn.Dropout`. */
export class Dropout extends Module {
  /** @throws TorchLoraError INVALID_ARGUMENT for what is no probability below 1 */
  constructor(readonly p = 0.5) {
    super()
    if (!(p >= 0 && p < 1))
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `Dropout: p must be at least 0 and below 1, received ${p}.`,
      )
  }

  /** Any shape, which stays. */
  forward(x: Tensor): Tensor {
    return dropout(x, this.training ? this.p : 0)
  }
}
