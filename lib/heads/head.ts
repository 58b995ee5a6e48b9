import type { Embedding } from '../nn/embedding.ts'
import { Module } from '../nn/module.ts'
import type { Pooling } from '../nn/pooling.ts'
import type { Tensor } from '../tensor.ts'

/**
 * What a head reads of the encoder's hidden states: a row for each sequence, its first or last token's or what pooling
 * makes of all, or a row for each token.
 */
export type Reads = 'first' | 'last' | Pooling | 'tokens'

/**
 * What stands on an encoder: it makes a model's outputs of the rows that it reads. Its modules lie beside the encoder
 * in a checkpoint, or, as BERT's pooler, inside: `names` gives the checkpoint's name of a field where it has another.
 */
export abstract class Head extends Module {
  abstract readonly reads: Reads
  /** Outputs a row. */
  abstract readonly width: number
  readonly #names: Readonly<Record<string, string>>

  constructor(names: Readonly<Record<string, string>> = {}) {
    super()
    this.#names = names
  }

  /** How many rows it reads of a sequence of so many tokens. */
  rowsOf(tokens: number): number {
    return this.reads === 'tokens' ? tokens : 1
  }

  /** Takes the encoder's table of words, where the head's own weight is that one. Called once, by the model. */
  tie(_words: () => Embedding): void {}

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
