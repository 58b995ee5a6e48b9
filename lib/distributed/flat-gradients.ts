import { callOperator } from '../dispatch.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { type DType, Tensor } from '../tensor.ts'
import { allReduceInProgram } from './collectives.ts'

/** Numbers that ranks add up beside the gradients. */
export const totalNames = ['loss', 'examples', 'tokens', 'stops'] as const
export type Totals = Record<(typeof totalNames)[number], number>

/**
 * The gradients of parameters as views of one buffer, so that ranks add theirs up with one exchange; behind them the
 * numbers of the update, so that all ranks know the same of it. With parameters of several types, one buffer a type.
 */
export class FlatGradients implements Disposable {
  readonly #buffers: Tensor[] = []
  readonly #totals: Tensor

  /** Gives every parameter a gradient of zeros, which must never be dropped: `zeroGrad({ keep: true })`. */
  constructor(parameters: readonly Tensor[]) {
    const width = totalNames.length
    const byType = new Map<DType, Tensor[]>()
    for (const parameter of parameters)
      byType.set(parameter.dtype, [...(byType.get(parameter.dtype) ?? []), parameter])
    for (const [dtype, group] of byType) {
      const numel = group.reduce((sum, parameter) => sum + parameter.numel, 0)
      const buffer = Tensor.zeros([numel + width], { dtype, device: group[0]!.device })
      callOperator('lora_c10d::adopt_gradients', buffer, group)
      this.#buffers.push(buffer)
    }
    const first = this.#buffers[0]!
    this.#totals = ops.narrow(first, 0, first.numel - width, width)
  }

  get dtype(): DType {
    return this.#totals.dtype
  }

  get device(): string {
    return this.#totals.device
  }

  /** Adds a batch's numbers. In a program. @param loss [], scaled @param counts [4], 0 in the place of the loss */
  add(counts: Tensor, loss?: Tensor): void {
    noGrad(() => {
      ops.add_(this.#totals, counts)
      if (loss) ops.add_(ops.select(this.#totals, 0, 0), loss)
    })
  }

  /** Adds up what all ranks have, and clears the numbers. In a program. @returns the numbers, [4] */
  reduce(): Tensor {
    return noGrad(() => {
      for (const buffer of this.#buffers) allReduceInProgram(buffer)
      const totals = this.#totals.clone()
      ops.zero_(this.#totals)
      return totals
    })
  }

  [Symbol.dispose](): void {
    this.#totals.dispose()
    for (const buffer of this.#buffers) buffer.dispose()
  }
}

/** The numbers of one batch, as `FlatGradients.add` takes them. */
export function countsOf(counts: Omit<Totals, 'loss'>, like: { dtype: DType; device: string }): Tensor {
  return Tensor.from([0, counts.examples, counts.tokens, counts.stops], like)
}

/** Reads what `FlatGradients.reduce` gave. */
export function readTotals(totals: Tensor): Totals {
  const values = totals.toArray() as number[]
  return Object.fromEntries(totalNames.map((name, i) => [name, values[i]!])) as Totals
}
