import type { Tensor } from '../tensor.ts'
import { Module } from './module.ts'

/** Modules in order, under the paths 0, 1, ...; `torch.nn.ModuleList`. */
export class ModuleList<M extends Module = Module> extends Module implements Iterable<M> {
  readonly #modules: M[]

  constructor(modules: Iterable<M> = []) {
    super()
    this.#modules = [...modules]
  }

  get length(): number {
    return this.#modules.length
  }

  /** The module at `index`; from the end where that is negative; undefined where there is none. */
  at(index: number): M | undefined {
    return this.#modules.at(index)
  }

  /** Adds a module behind the others. */
  push(module: M): void {
    this.#modules.push(module)
  }

  [Symbol.iterator](): Iterator<M> {
    return this.#modules[Symbol.iterator]()
  }

  override *children(): Generator<[name: string, child: M]> {
    for (const [i, module] of this.#modules.entries()) yield [String(i), module]
  }

  override setChild(name: string, child: Tensor | Module): void {
    this.#modules[Number(name)] = child as M
  }
}
