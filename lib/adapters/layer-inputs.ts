import type { Model } from '../models/model.ts'
import type { BatchTensors } from '../nn/batch.ts'
import { inEvaluation } from '../nn/in-evaluation.ts'
import { fusedSegments } from '../nn/linear.ts'
import { type Compiled, compile, type RunOptions } from '../program.ts'
import type { Tensor } from '../tensor.ts'
import { AdaptedLinear } from './method.ts'

/** A Linear without its adapter that tells what it is given. */
class ProbedLinear extends AdaptedLinear {
  constructor(
    adapted: AdaptedLinear,
    readonly tell: (x: Tensor) => void,
  ) {
    super(adapted.base)
  }

  override adapterParameters(): [] {
    return []
  }

  segment(): null {
    return null
  }

  lowRank(): null {
    return null
  }

  override compute(x: Tensor): Tensor {
    this.tell(x)
    return fusedSegments(x, [{ weight: this.weight, bias: this.bias, lowRank: null }])
  }

  effectiveWeight(): Tensor {
    return this.weight
  }
}

/** What the layers of one pass were given. */
export interface ReadInputs extends Disposable {
  /** Rows of tokens, [T, in] in float32 on the CPU, of each time that the layer was used. */
  of(path: string): Tensor[]
}

/**
 * Reads what adapted Linears of an encoder are given, without their adapters and without dropout, as a program off the
 * main thread. It stands in the model until it is disposed of.
 */
export class LayerInputs implements Disposable {
  readonly #model: Model
  readonly #layers: ReadonlyMap<string, AdaptedLinear>
  readonly #forward: Compiled<[BatchTensors], Tensor[]>
  /** Of each layer, which of the program's outputs it was given; Linears of one input share it. */
  readonly #places = new Map<string, number[]>()

  constructor(model: Model, layers: ReadonlyMap<string, AdaptedLinear>) {
    this.#model = model
    this.#layers = layers
    const given: Tensor[] = []
    const tell = (path: string, x: Tensor) => {
      const at = given.includes(x) ? given.indexOf(x) : given.push(x) - 1
      this.#places.set(path, [...(this.#places.get(path) ?? []), at])
    }
    for (const [path, layer] of layers)
      model.replaceModule(path, new ProbedLinear(layer, (x) => tell(path, x)))
    this.#forward = compile((batch: BatchTensors) =>
      inEvaluation(model, () => {
        model.encoder.forward(batch)
        return given.map((x) => x.to({ dtype: 'float32', device: 'cpu' }))
      }),
    )
  }

  /** Runs a batch. @throws TorchLoraError ABORTED, OUT_OF_MEMORY, NATIVE */
  async read(batch: BatchTensors, options: RunOptions = {}): Promise<ReadInputs> {
    const outputs = await this.#forward.run([batch], options)
    const tokens = batch.inputIds.shape[0]
    return {
      // Relative positions go through the same Linears.
      of: (path) =>
        this.#places
          .get(path)!
          .map((at) => outputs[at]!)
          .filter(({ shape }) => shape[0] === tokens),
      [Symbol.dispose]() {
        for (const tensor of outputs) tensor.dispose()
      },
    }
  }

  /** Of each layer that a pass reached, the first one that was given the same. */
  leaders(): Map<string, string> {
    const first = new Map<string, string>()
    const leaders = new Map<string, string>()
    for (const path of this.#layers.keys()) {
      const key = this.#places.get(path)?.join()
      if (key === undefined) continue
      if (!first.has(key)) first.set(key, path)
      leaders.set(path, first.get(key)!)
    }
    return leaders
  }

  [Symbol.dispose](): void {
    this.#forward.dispose()
    for (const [path, layer] of this.#layers) this.#model.replaceModule(path, layer)
  }
}
