import { Module } from '../nn/module.ts'
import type { Tensor } from '../tensor.ts'

/**
 * What a head reads of the encoder's hidden states: a row for each sequence, its first token's or the mean of all, or a
 * row for each token.
 */
export type Reads = 'first' | 'mean' | 'tokens'

/**
 * What stands on an encoder: it makes a model's outputs of the rows that it reads. Its modules lie beside the encoder
 * in a checkpoint, or, as BERT's pooler, inside: `names` gives the checkpoint's name of a field where it has another.
 */
export abstract class Head extends Module {
  abstract readonly reads: Reads
  readonly #names: Readonly<Record<string, string>>

  constructor(names: Readonly<Record<string, string>> = {}) {
    super()
    this.#names = names
  }

  /** How many rows it reads of a sequence of so many tokens. */
  rowsOf(tokens: number): number {
    return this.reads === 'tokens' ? tokens : 1
  }

  /** Outputs for the rows that it reads. [rows, H] -> [rows, width] */
  abstract forward(rows: Tensor): Tensor

  override *children(): Generator<[name: string, child: Tensor | Module]> {
    for (const [name, child] of super.children()) yield [this.#names[name] ?? name, child]
  }

  override setChild(name: string, child: Tensor | Module): void {
    const field = Object.keys(this.#names).find((key) => this.#names[key] === name)
    super.setChild(field ?? name, child)
  }
}
