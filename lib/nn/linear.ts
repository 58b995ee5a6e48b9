import * as fused from '../generated/fused.ts'
import * as ops from '../generated/ops.ts'
import { boolean, number, type Rules, readOptions } from '../options.ts'
import { Tensor, type TensorOptions, tensorRules } from '../tensor.ts'
import { frozenCodes } from './frozen-codes.ts'
import * as init from './init.ts'
import { Module } from './module.ts'
import { shareStorage } from './shared-storage.ts'

/**
 * What a row of a product's input stands for: a token of the batch, one of the rows that the encoder was asked for
 * (`WantedRows`), or a relative position, which all texts share.
 */
export type RowKind = 'token' | 'wanted' | 'position'

/** A stretch of a fused product's output: y_i = x W_i^T + b_i + scaling * dropout(x) A^T B^T. */
export interface Segment {
  /** [out, in] */
  weight: Tensor
  /** [out] */
  bias: Tensor | null
  /** A low-rank update: A [R, in], B [out, R]; null for none. */
  lowRank: LowRank | null
}

/** scaling * dropout(x) A^T B^T (Hu et al., 2022, equation 3). */
export interface LowRank {
  /** [R, in] */
  A: Tensor
  /** [out, R] */
  B: Tensor
  /** alpha/r, or alpha/sqrt(r) with rsLoRA. */
  scaling: number
  /** Probability of dropping an element of x on the way into A; 0 outside training. */
  dropout: number
}

/** How {@link LinearLike.forward} and {@link fusedLinear} compute a product. */
export interface ProductOptions {
  /** What the rows of x are. Default 'token'. */
  rows?: RowKind | undefined
  /** Apply the exact GELU, in the same pass over the output. Default false. */
  gelu?: boolean | undefined
}

/**
 * What may stand in a Linear's place: the Linear itself, one that an adapter method wraps, one whose weights are packed
 * or quantized. Its base weight and bias have the paths of `torch.nn.Linear`'s.
 */
export abstract class LinearLike extends Module {
  abstract readonly inFeatures: number
  abstract readonly outFeatures: number
  /** [out, in], of the base */
  abstract weight: Tensor
  /** [out], of the base */
  abstract bias: Tensor | null

  /** What the fused operator takes of it; null where it computes itself (`compute`). */
  abstract segment(): Segment | null

  /** The weight that acts on x, an adapter's change included: what a merge makes of it. [out, in] */
  abstract effectiveWeight(): Tensor

  /**
   * The weight that acts, where it can never change and nothing else acts on x: then a product may be computed in
   * another order. Null for all but served weights. [out, in]
   */
  constantWeight(): Tensor | null {
    return null
  }

  /** y of this Linear alone. [T, in] -> [T, out] */
  compute(x: Tensor): Tensor {
    return fusedSegments(x, [this.segment()!])
  }

  /** Linears of one input, this one first: [T, in] -> [T, out_0 + out_1 + ...]. Call `fusedLinear`. */
  product(x: Tensor, layers: readonly LinearLike[], { gelu = false }: ProductOptions): Tensor {
    const segments = layers.map((layer) => layer.segment())
    if (areFusable(segments)) return fusedSegments(x, segments, gelu)
    const parts = layers.map((layer) => layer.compute(x)) // [T, out_i] each
    const y = parts.length === 1 ? parts[0]! : ops.cat(parts, { dim: 1 }) // [T, out_0 + ...]
    return gelu ? ops.gelu(y) : y
  }

  /** [T, in] -> [T, out] */
  forward(x: Tensor, options: ProductOptions = {}): Tensor {
    return this.product(x, [this], options)
  }
}

/** Linears that a forward pass computes together. */
export interface FusedGroup {
  layers: readonly LinearLike[]
  rows: RowKind
}

/** A module whose forward pass computes some of its Linears together: what packs weights wants to know. */
export abstract class FusingModule extends Module {
  /** The Linears that its forward pass computes together, group by group. */
  abstract fusedGroups(): FusedGroup[]
}

/** How a {@link Linear} begins. */
export interface LinearOptions extends TensorOptions {
  /** Default true. */
  bias?: boolean | undefined
  /** Standard deviation of fresh weights. Default 0.02. */
  std?: number | undefined
}

const rules: Rules<LinearOptions> = { ...tensorRules, bias: boolean, std: number({ least: 0 }) }

/** y = x W^T + b; `torch.nn.Linear`. */
export class Linear extends LinearLike {
  /** [out, in] */
  weight: Tensor
  /** [out] */
  bias: Tensor | null
  readonly #std: number

  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    given: LinearOptions = {},
  ) {
    super()
    const { bias = true, std = 0.02, ...options } = readOptions('Linear', given, rules)
    this.#std = std
    this.weight = this.initial('weight', options)
    this.bias = bias ? this.initial('bias', options) : null
  }

  override initial(name: string, options: TensorOptions = {}): Tensor {
    if (name === 'weight') return init.normal([this.outFeatures, this.inFeatures], this.#std, options)
    if (name === 'bias') return Tensor.zeros([this.outFeatures], options)
    return super.initial(name)
  }

  segment(): Segment {
    return { weight: this.weight, bias: this.bias, lowRank: null }
  }

  effectiveWeight(): Tensor {
    return this.weight
  }
}

/**
 * Several Linears of one input as one operator (`lora::linear`): query, key and value side by side. Each update drops
 * elements of its own, as PEFT's modules do.
 * @param x [T, in]
 * @returns [T, out_0 + out_1 + ...]
 */
export function fusedLinear(x: Tensor, layers: readonly LinearLike[], options: ProductOptions = {}): Tensor {
  return layers[0]!.product(x, layers, options)
}

/** Whether one operator can compute them: it knows one probability of dropout for all. */
function areFusable(segments: readonly (Segment | null)[]): segments is Segment[] {
  const updates = segments.map((segment) => segment?.lowRank).filter((update) => !!update)
  return !segments.includes(null) && updates.every(({ dropout }) => dropout === updates[0]!.dropout)
}

/** The product of segments in one operator, which knows one dropout for all: [T, in] -> [T, out_0 + out_1 + ...] */
export function fusedSegments(x: Tensor, segments: readonly Segment[], gelu = false): Tensor {
  shareStorage(segments)
  const updates = segments.map(({ lowRank }) => lowRank)
  const adapted = updates.some((update) => update !== null)
  const weights = segments.map(({ weight }) => weight)
  return (gelu ? fused.linearGelu : fused.linear)(
    x,
    weights,
    biasesOf(segments),
    adapted ? updates.map((update) => update?.A ?? null) : [],
    adapted ? updates.map((update) => update?.B ?? null) : [],
    adapted ? updates.map((update) => update?.scaling ?? 0) : [],
    { dropoutP: updates.find((update) => update !== null)?.dropout ?? 0, ...frozenCodes(weights) },
  )
}

/** The biases of segments that are computed together: none where none has one, else zeros for those that lack one. */
export function biasesOf(segments: readonly Pick<Segment, 'weight' | 'bias'>[]): Tensor[] {
  if (segments.every(({ bias }) => bias === null)) return []
  return segments.map(({ weight, bias }) => bias ?? zerosFor(weight))
}

/** [out] */
function zerosFor(weight: Tensor): Tensor {
  return ops.zerosLike(ops.select(weight.detach(), 1, 0))
}
