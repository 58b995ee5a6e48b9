import * as fused from '../generated/fused.ts'
import { Tensor, type TensorOptions } from '../tensor.ts'
import * as init from './init.ts'
import { Module } from './module.ts'

/**
 * A low-rank update of a Linear: y += scaling * dropout(x) A^T B^T (Hu et al., 2022, equation 3).
 * Not a module: it is no part of the base model's state.
 */
export interface LowRankUpdate {
  /** [R, in] */
  A: Tensor
  /** [out, R] */
  B: Tensor
  /** alpha/r, or alpha/sqrt(r) with rsLoRA. */
  scaling: number
  /** Probability of dropping an element of x on the way into A, while training. */
  dropout: number
}

/** y = x W^T + b; `torch.nn.Linear`, with an optional low-rank update that LoRA sets. */
export class Linear extends Module {
  /** [out, in] */
  weight: Tensor
  /** [out] */
  bias: Tensor | null
  #update: LowRankUpdate | null = null
  #mergedUpdate: LowRankUpdate | null = null

  readonly #std: number

  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    { bias = true, std = 0.02, ...options }: TensorOptions & { bias?: boolean; std?: number } = {},
  ) {
    super()
    this.#std = std
    this.weight = this.initial('weight', options)
    this.bias = bias ? this.initial('bias', options) : null
  }

  override initial(name: string, options: TensorOptions = {}): Tensor {
    if (name === 'weight') return init.normal([this.outFeatures, this.inFeatures], this.#std, options)
    if (name === 'bias') return Tensor.zeros([this.outFeatures], options)
    return super.initial(name)
  }

  override adapterParameters(): [name: string, parameter: Tensor][] {
    if (!this.#update) return []
    return [
      ['lora_A.weight', this.#update.A],
      ['lora_B.weight', this.#update.B],
    ]
  }

  /** The update that acts in the forward pass. */
  get update(): LowRankUpdate | null {
    return this.#update
  }

  set update(update: LowRankUpdate | null) {
    this.#update = update
  }

  /** The update that the weight already holds. */
  get mergedUpdate(): LowRankUpdate | null {
    return this.#mergedUpdate
  }

  set mergedUpdate(update: LowRankUpdate | null) {
    this.#mergedUpdate = update
  }

  /** [T, in] -> [T, out] */
  forward(x: Tensor): Tensor {
    return fusedLinear(x, [this])
  }

  /** gelu(x W^T + b), the exact GELU, in one pass over the output (`lora::linear_gelu`). [T, in] -> [T, out] */
  forwardGelu(x: Tensor): Tensor {
    return kernel.product(x, [this], { gelu: true })
  }
}

/**
 * Several Linears of one input as one operator (`lora::linear`): query, key and value side by side. Each update drops
 * elements of its own, as PEFT's modules do.
 * @param x [T, in]
 * @returns [T, out_0 + out_1 + ...]
 */
export function fusedLinear(x: Tensor, layers: readonly Linear[]): Tensor {
  return kernel.product(x, layers, { gelu: false })
}

/** Attention of the first token of each sequence, of which nothing else is read. */
export interface FirstTokenAttention {
  /** [T, H] */
  hidden: Tensor
  /** int32 [B]: the rows of the first tokens */
  rows: Tensor
  /** query, key and value */
  layers: readonly [Linear, Linear, Linear]
  heads: number
  /** int32 [B+1] */
  cuSeqlens: Tensor
  /** 0-dimensional, on the CPU */
  maxSeqlen: Tensor
}

/** [B, H], or null where the kernel that is in force has no shorter way than attention of every token. */
export function firstTokenAttention(attention: FirstTokenAttention): Tensor | null {
  return kernel.firstTokenAttention?.(attention) ?? null
}

/** How a forward pass computes what weights are multiplied with. */
export interface LinearKernel {
  /** Linears of one input: [T, in] -> [T, out_0 + out_1 + ...], GELU applied when `gelu`. */
  product(x: Tensor, layers: readonly Linear[], options: { gelu: boolean }): Tensor
  /** As the function of this name. */
  firstTokenAttention?(attention: FirstTokenAttention): Tensor | null
}

/** With the layers' own weights and updates, differentiably. */
export const ownWeights: LinearKernel = {
  product(x, layers, { gelu }) {
    const adapted = layers.some((layer) => layer.update)
    const biased = layers.every((layer) => layer.bias)
    const dropout = Math.max(0, ...layers.map((layer) => (layer.training ? (layer.update?.dropout ?? 0) : 0)))
    return (gelu ? fused.linearGelu : fused.linear)(
      x,
      layers.map((layer) => layer.weight),
      biased ? layers.map((layer) => layer.bias!) : [],
      adapted ? layers.map((layer) => layer.update?.A ?? null) : [],
      adapted ? layers.map((layer) => layer.update?.B ?? null) : [],
      adapted ? layers.map((layer) => layer.update?.scaling ?? 0) : [],
      { dropoutP: dropout },
    )
  },
}

let kernel: LinearKernel = ownWeights

/**
 * Runs `body`, in which every Linear is computed by `other`: how inference puts packed weights and the adapters of
 * single requests into a model's forward pass while it records it.
 */
export function withLinearKernel<T>(other: LinearKernel, body: () => T): T {
  const before = kernel
  kernel = other
  try {
    return body()
  } finally {
    kernel = before
  }
}
