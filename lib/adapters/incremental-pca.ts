import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { compile } from '../program.ts'
import { withSeed } from '../random.ts'
import { Tensor } from '../tensor.ts'
import { svdLowrank } from './svd-lowrank.ts'

/** Of the projection that the decomposition starts from: PEFT's. */
const seed = 42

/** What a fit knows of all rows so far. */
interface State {
  /** Directions, the one of most variance first: [count, features] */
  components: Tensor
  /** [count] */
  singularValues: Tensor
  /** The share of all variance that each explains: [count] */
  explained: Tensor
  /** [features], float64 */
  mean: Tensor
  variance: Tensor
}

/**
 * Principal components of rows that come batch by batch (Ross, Lim, Lin, Yang, "Incremental Learning for Robust Visual
 * Tracking", IJCV 2008), by randomized decompositions. Source: peft 0.21, utils/incremental_pca.py with `lowrank`, number
 * for number where the linear algebra is the same: the first batch in float32, then in float64.
 */
export class IncrementalPca implements Disposable {
  #state: (State & Disposable) | undefined
  #seen = 0

  /** @param count components to keep */
  constructor(readonly count: number) {}

  get state(): State | undefined {
    return this.#state
  }

  /**
   * Takes a batch, off the main thread.
   * @param rows [rows, features] in float32, at least as many as components
   * @returns how much each component is what it was before, as the cosine between them; null for the first batch
   * @throws TorchLoraError NATIVE when a decomposition does not converge
   */
  async fit(rows: Tensor): Promise<Float64Array | null> {
    const [m, features] = rows.shape as [number, number]
    const before = this.#state
    const height = before ? m + before.components.shape[0]! + 1 : m
    const q = 2 * this.count
    const dtype = before ? 'float64' : 'float32'
    using start = withSeed(seed, () => Tensor.randn([Math.min(height, features), q], { dtype }))
    const seen = this.#seen
    const shape = [height, features] as const
    using step = compile((batch: Tensor, omega: Tensor, known: Tensors | null) =>
      noGrad(() => this.#next(batch, { omega, known, m, seen, shape, q })),
    )
    const known = before && {
      components: before.components,
      singularValues: before.singularValues,
      mean: before.mean,
      variance: before.variance,
    }
    const next = await step(rows, start, known ?? null)
    const alike = before ? cosines(next.components, before.components) : null
    before?.[Symbol.dispose]()
    this.#state = next as State & Disposable
    this.#seen += m
    return alike
  }

  #next(batch: Tensor, { omega, known, m, seen, shape, q }: StepOptions): State {
    const total = seen + m
    const sum = ops.sum(batch, 0, { dtype: 'float64' }) // [features]
    const centred = ops.sub(batch.to({ dtype: 'float64' }), ops.div(sum, m)) // [m, features]
    const correction = ops.square(ops.sum(centred, 0)) // [features]
    let spread = ops.sub(ops.sum(ops.square(centred), 0), ops.div(correction, m)) // [features]
    let mean = ops.div(sum, total)
    let stacked: Tensor
    if (!known) stacked = ops.sub(batch.to({ dtype: 'float64' }), mean).to({ dtype: 'float32' })
    else {
      const lastSum = ops.mul(known.mean, seen)
      mean = ops.div(ops.add(lastSum, sum), total)
      const apart = ops.square(ops.sub(ops.div(lastSum, seen / m), sum)) // [features]
      spread = ops.add(ops.add(ops.mul(known.variance, seen), spread), ops.mul(apart, seen / m / total))
      const batchMean = ops.mean(batch, [0]) // [features]
      const moved = ops.mul(ops.sub(known.mean, batchMean), Math.sqrt((seen / total) * m))
      stacked = ops.cat(
        [
          ops.mul(ops.unsqueeze(known.singularValues, 1), known.components).to({ dtype: 'float64' }),
          ops.sub(batch, batchMean).to({ dtype: 'float64' }),
          ops.unsqueeze(moved, 0),
        ],
        { dim: 0 },
      ) // [count + m + 1, features]
    }
    const variance = ops.div(spread, total)
    const { s, v } = svdLowrank(stacked, { q, niter: 4, shape, start: omega })
    const vt = withFixedSigns(v.t())
    const explained = ops.div(ops.square(s), ops.sum(ops.mul(variance, total)))
    const first = (tensor: Tensor) => ops.slice(tensor, { dim: 0, start: 0, end: this.count }).clone()
    return {
      components: first(vt),
      singularValues: first(s),
      explained: first(explained),
      mean,
      variance,
    }
  }

  [Symbol.dispose](): void {
    this.#state?.[Symbol.dispose]()
    this.#state = undefined
  }
}

type Tensors = Record<'components' | 'singularValues' | 'mean' | 'variance', Tensor>

interface StepOptions {
  /** [min(shape), q] */
  omega: Tensor
  known: Tensors | null
  /** Rows of the batch, and of all before it. */
  m: number
  seen: number
  shape: readonly [rows: number, columns: number]
  q: number
}

/** Each row's largest element positive: a decomposition leaves the sign open. */
function withFixedSigns(vt: Tensor): Tensor {
  const largest = ops.argmax(ops.abs(vt), { dim: 1, keepdim: true }) // [q, 1]
  return ops.mul(vt, ops.sign(ops.gather(vt, 1, largest)))
}

/** Of each pair of rows. */
function cosines(a: Tensor, b: Tensor): Float64Array {
  const [rows, columns] = a.shape as [number, number]
  const [x, y] = [a, b].map((tensor) => tensor.to({ device: 'cpu' }).readSync() as Float64Array)
  return Float64Array.from({ length: rows }, (_, r) => {
    let [dot, ofX, ofY] = [0, 0, 0]
    for (let c = r * columns; c < (r + 1) * columns; c++) {
      dot += x![c]! * y![c]!
      ofX += x![c]! ** 2
      ofY += y![c]! ** 2
    }
    return dot / Math.max(Math.sqrt(ofX * ofY), 1e-16)
  })
}
