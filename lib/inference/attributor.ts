import { AdaptedEmbedding, AdaptedLinear } from '../adapters/method.ts'
import { packBatch } from '../data/index.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { Model } from '../models/model.ts'
import { type BatchTensors, batchTensors, disposeBatch } from '../nn/batch.ts'
import type { LinearLike, Segment } from '../nn/linear.ts'
import { type Compiled, compile, type RunOptions } from '../program.ts'
import type { Sequence } from '../tasks/task.ts'
import { Tensor } from '../tensor.ts'
import { standingModel } from './frozen-model.ts'
import { withParameters } from './mixed-forward.ts'
import type { AdapterTensors, ServedAdapter } from './served-adapter.ts'
import { type ServedUpdate, StandingLinear } from './served-linear.ts'

/** A text between its baseline and itself, at some places of the way. */
export interface Path {
  sequence: Sequence
  /** [T], what stands in the place of its tokens where there is nothing. */
  baselineIds: Int32Array
  /** [S], from 0 (the baseline) to 1 (the text). */
  alphas: readonly number[]
  /** What the gradient is multiplied by: the way from the baseline to the text, or the text. */
  times: 'difference' | 'input'
  /** The output that is explained. */
  output: number
  adapter: ServedAdapter | null
}

/** What a path gives. */
export interface PathValues {
  /** [S], the explained output at each place. */
  outputs: Float32Array
  /** [S, T], at each place the gradient of that output by what the first layer reads of a token, times what it is multiplied by. */
  products: Float32Array
}

interface PointInputs {
  batch: BatchTensors
  baselineIds: Tensor
  /** [S T, 1] */
  alphas: Tensor
}

interface GradientInputs {
  batch: BatchTensors
  /** [S T, H], leaves */
  points: Tensor
  /** [S T, H] */
  factor: Tensor
  /** int32 [1] */
  output: Tensor
  adapter: AdapterTensors | null
}

/**
 * Gradients of a model's outputs by what its first layer reads of each token. It shares the weights of the model that
 * was loaded, which need no gradients of their own: nothing but the way to the input is differentiated.
 */
export class Attributor {
  readonly #model: Model
  readonly #own: Tensor[]
  #updates: Readonly<Record<string, ServedUpdate>> = {}
  readonly #points: Compiled<[PointInputs], { points: Tensor; difference: Tensor; embedded: Tensor }>
  readonly #gradients: Compiled<[GradientInputs], { outputs: Tensor; products: Tensor }>

  private constructor(model: Model, merged: ReadonlyMap<string, Tensor>) {
    const plain = Array.from(model.namedParameters(), ([path, parameter]) => {
      return [path, merged.get(path) ?? parameter.detach()] as const
    })
    this.#own = plain.map(([, parameter]) => parameter)
    this.#model = standingModel(model, {
      parameters: new Map(plain),
      linear: (path, linear) => new UpdatedLinear(linear, () => this.#updates[path]),
    })
    this.#points = compile((inputs: PointInputs) => noGrad(() => this.#interpolate(inputs)))
    this.#gradients = compile((inputs: GradientInputs) => this.#differentiate(inputs))
  }

  /** Of a model as it is now, an adapter on it included: what that changes is computed once and kept. */
  static async of(model: Model, options: RunOptions = {}): Promise<Attributor> {
    return new Attributor(model, await mergedParameters(model, options))
  }

  /** @throws TorchLoraError ABORTED, OUT_OF_MEMORY, NATIVE */
  async run(
    { sequence, baselineIds, alphas, times, output, adapter }: Path,
    { signal }: RunOptions = {},
  ): Promise<PathValues> {
    const { positions, config, device, dtype } = this.#model
    const tokens = sequence.ids.length
    const copies = alphas.map(() => sequence)
    const batch = batchTensors(packBatch(copies, { positions, tables: config }), device)
    const held = [
      Tensor.from(repeat(baselineIds, alphas.length), { device }),
      Tensor.from(Int32Array.of(output), { device }),
    ]
    const [baseline, chosen] = held as [Tensor, Tensor]
    const places = Float32Array.from(
      { length: alphas.length * tokens },
      (_, i) => alphas[Math.floor(i / tokens)]!,
    )
    try {
      const ways = Tensor.from(places, { shape: [places.length, 1], device, dtype })
      held.push(ways)
      using way = await this.#points.run([{ batch, baselineIds: baseline, alphas: ways }], { signal })
      const { points, difference, embedded } = way
      points.requiresGrad = true
      const factor = times === 'difference' ? difference : embedded
      const inputs = { batch, points, factor, output: chosen, adapter: adapter?.tensors ?? null }
      using found = await this.#gradients.run([inputs], { signal })
      return {
        outputs: found.outputs.readSync() as Float32Array, // on the CPU
        products: found.products.readSync() as Float32Array,
      }
    } finally {
      disposeBatch(batch)
      for (const tensor of held) tensor.dispose()
    }
  }

  #interpolate({ batch, baselineIds, alphas }: PointInputs) {
    const { encoder } = this.#model
    const embedded = encoder.embed(batch) // [S T, H]
    const baseline = encoder.embed({ ...batch, inputIds: baselineIds }) // [S T, H]
    const difference = ops.sub(embedded, baseline) // [S T, H]
    return { points: ops.add(baseline, ops.mul(difference, alphas)), difference, embedded }
  }

  #differentiate({ batch, points, factor, output, adapter }: GradientInputs) {
    const model = this.#model
    this.#updates = adapter?.updates ?? {}
    const rows = model.encodeEmbedded(points, batch) // [S, H]
    const all = withParameters(model, adapter?.head ?? {}, () => model.head.forward(rows)) // [S, width]
    const outputs = ops.indexSelect(all, 1, output) // [S, 1]
    ops.sum(outputs).backward()
    return noGrad(() => {
      const products = ops.sum(ops.mul(points.grad!, factor), [1], { dtype: 'float32' }) // [S T]
      return {
        outputs: outputs.detach().to({ device: 'cpu', dtype: 'float32' }),
        products: products.to({ device: 'cpu', dtype: 'float32' }),
      }
    })
  }

  /** Frees its programs and what is its own; the model stays. */
  dispose(): void {
    this.#points.dispose()
    this.#gradients.dispose()
    for (const tensor of this.#own) tensor.dispose()
  }
}

/** A Linear with the update of the adapter that is being recorded. */
class UpdatedLinear extends StandingLinear {
  constructor(
    base: LinearLike,
    private readonly update: () => ServedUpdate | undefined,
  ) {
    super(base)
  }

  segment(): Segment {
    const update = this.update()
    const lowRank = update ? { ...update, scaling: 1, dropout: 0 } : null
    return { weight: this.weight, bias: this.bias, lowRank }
  }
}

/** What adapters on a model make of its parameters, by path. */
async function mergedParameters(model: Model, options: RunOptions): Promise<Map<string, Tensor>> {
  const adapted = [...model.namedModules()].flatMap(([path, module]) =>
    module instanceof AdaptedLinear || module instanceof AdaptedEmbedding ? [[path, module] as const] : [],
  )
  if (adapted.length === 0) return new Map()
  const paths: string[] = []
  using merge = compile(() =>
    noGrad(() =>
      adapted.flatMap(([path, module]) =>
        Object.entries(module.mergedParameters()).map(([name, tensor]) => {
          paths.push(`${path}.${name}`)
          return tensor.detach()
        }),
      ),
    ),
  )
  const tensors: readonly Tensor[] = await merge.run([], options)
  return new Map(paths.map((path, i) => [path, tensors[i]!]))
}

/** So many copies, one behind the other. */
function repeat(ids: Int32Array, times: number): Int32Array {
  const all = new Int32Array(ids.length * times)
  for (let i = 0; i < times; i++) all.set(ids, i * ids.length)
  return all
}
