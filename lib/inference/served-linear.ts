import { callOperator } from '../dispatch.ts'
import * as fused from '../generated/fused.ts'
import * as ops from '../generated/ops.ts'
import { biasesOf, LinearLike, type ProductOptions, type RowKind } from '../nn/linear.ts'
import type { Tensor } from '../tensor.ts'

/** Weights of Linears that are computed together, as this processor's kernels take them. */
export interface LaidOut {
  /** [out, in] each; where `packed` holds their values only the shapes count */
  weights: readonly Tensor[]
  packed: Tensor | null
  /** Whether `packed` holds 8-bit codes (`lora::linear_int8`). */
  quantized: boolean
}

/** A low-rank update with its scaling in B: A [R, in], B [out, R]. */
export interface ServedUpdate {
  A: Tensor
  B: Tensor
}

/** The texts of one adapter in a batch. Rows are null where they are all of the batch's. */
export interface Group {
  /** int32: its tokens, rows of [T, H] */
  tokens: Tensor | null
  /** int32: what the head reads of its texts, rows of [B, H], or of [R, H] for R wanted tokens */
  sequences: Tensor | null
  /** The updates of its adapter, by path; null for the base model as it is. */
  updates: Readonly<Record<string, ServedUpdate>> | null
}

/** What the Linears of one served model share: their weights, and the adapters of the batch that is being recorded. */
export class ServedWeights {
  readonly #laidOut = new Map<string, LaidOut>()
  #groups: readonly Group[] = []

  /** How the Linears at `paths`, computed together, are laid out. */
  set(paths: readonly string[], laidOut: LaidOut): void {
    this.#laidOut.set(paths.join(), laidOut)
  }

  get(layers: readonly ServedLinear[]): LaidOut | undefined {
    return this.#laidOut.get(layers.map(({ path }) => path).join())
  }

  /** Runs `body`, in which each group's rows get its updates. */
  withGroups<T>(groups: readonly Group[], body: () => T): T {
    this.#groups = groups
    try {
      return body()
    } finally {
      this.#groups = []
    }
  }

  /** The groups' updates of some Linears: [groups][layers]. */
  updatesOf(layers: readonly ServedLinear[]): (ServedUpdate | undefined)[][] {
    return this.#groups.map(({ updates }) => layers.map(({ path }) => updates?.[path]))
  }

  get groups(): readonly Group[] {
    return this.#groups
  }

  dispose(): void {
    for (const { packed } of this.#laidOut.values()) packed?.dispose()
  }
}

/** A Linear that stands in another's place, with its weights. */
export abstract class StandingLinear extends LinearLike {
  readonly inFeatures: number
  readonly outFeatures: number
  weight: Tensor
  bias: Tensor | null

  constructor({ inFeatures, outFeatures, weight, bias }: LinearLike) {
    super()
    this.inFeatures = inFeatures
    this.outFeatures = outFeatures
    this.weight = weight
    this.bias = bias
  }

  effectiveWeight(): Tensor {
    return this.weight
  }
}

/** A Linear whose weight will not change any more; the updates of single requests act on their rows alone. */
export class ServedLinear extends StandingLinear {
  readonly #shared: ServedWeights

  constructor(
    base: LinearLike,
    readonly path: string,
    shared: ServedWeights,
  ) {
    super(base)
    this.#shared = shared
  }

  segment(): null {
    return null
  }

  override constantWeight(): Tensor | null {
    const own = this.#shared.get([this])
    const adapted = this.#shared.updatesOf([this]).flat().some(Boolean)
    return own && !own.packed && !adapted ? own.weights[0]! : null
  }

  override compute(x: Tensor): Tensor {
    return this.product(x, [this], {})
  }

  override product(
    x: Tensor,
    layers: readonly ServedLinear[],
    { rows = 'token', gelu = false }: ProductOptions,
  ): Tensor {
    const laidOut = this.#shared.get(layers)
    if (!laidOut) return super.product(x, layers, { rows, gelu }) // computed together by nobody's word: one by one
    const updates = this.#shared.updatesOf(layers)
    if (!updates.flat().some(Boolean)) return baseProduct(x, layers, laidOut, gelu)
    const { groups } = this.#shared
    if (groups.length === 1 && !laidOut.quantized)
      return (gelu ? fused.linearGelu : fused.linear)(
        x,
        laidOut.weights,
        biasesOf(layers),
        updates[0]!.map((update) => update?.A ?? null),
        updates[0]!.map((update) => update?.B ?? null),
        layers.map(() => 1),
        { packed: laidOut.packed },
      )
    const y = baseProduct(x, layers, laidOut, false) // [rows, out]
    for (const [j, group] of groups.entries()) addUpdates(y, x, layers, { updates: updates[j]!, group, rows })
    return gelu ? (callOperator('lora::gelu', y) as Tensor) : y
  }
}

function baseProduct(
  x: Tensor,
  layers: readonly ServedLinear[],
  { weights, packed, quantized }: LaidOut,
  gelu: boolean,
): Tensor {
  const bias = biasesOf(layers)
  if (!quantized) return (gelu ? fused.linearGelu : fused.linear)(x, weights, bias, [], [], [], { packed })
  const out = layers.map(({ outFeatures }) => outFeatures)
  return fused.linearInt8(x, packed!, out, bias, { gelu })
}

/** y += (x A^T) (sB)^T on the rows of a group (Punica, Chen et al., 2023; S-LoRA, Sheng et al., 2023). */
function addUpdates(
  y: Tensor,
  x: Tensor,
  layers: readonly ServedLinear[],
  {
    updates,
    group,
    rows: kind,
  }: { updates: readonly (ServedUpdate | undefined)[]; group: Group; rows: RowKind },
): void {
  if (!updates.some(Boolean)) return
  const rows = kind === 'token' ? group.tokens : group.sequences
  const own = rows ? ops.indexSelect(x, 0, rows) : x // [rows, in]
  let column = 0
  for (const [i, { outFeatures }] of layers.entries()) {
    const update = updates[i]
    if (update) {
      const part = layers.length === 1 ? y : ops.narrow(y, 1, column, outFeatures)
      const change = times(times(own, update.A), update.B) // [rows, out_i]
      if (rows) callOperator('aten::index_add_', part, 0, rows, change)
      else ops.add_(part, change)
    }
    column += outFeatures
  }
}

/** x W^T */
function times(x: Tensor, weight: Tensor): Tensor {
  return fused.linear(x, [weight], [], [], [], [])
}
