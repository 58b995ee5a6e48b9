import { callOperator } from '../dispatch.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { callback, number, type Rules, readOptions } from '../options.ts'
import type { Tensor } from '../tensor.ts'
import { AdamW, isBias } from './adamw.ts'
import { type NamedParameters, type Optimizer, type OptimizerSettings, optimizerRules } from './optimizer.ts'

/** The settings of {@link Muon}. */
export interface MuonOptions extends OptimizerSettings {
  /** Decay of the momentum. Default 0.95. */
  momentum?: number | undefined
  /** Which matrices AdamW moves all the same. Default: tables of embeddings. */
  byAdamW?: ((path: string) => boolean) | undefined
}

const rules: Rules<MuonOptions> = {
  ...optimizerRules,
  momentum: number({ least: 0, most: 1 }),
  byAdamW: callback,
}

/** Coefficients of the Newton-Schulz iteration, and how often it runs; torch.optim.Muon's. */
const [a, b, c] = [3.4445, -4.775, 2.0315]
const iterations = 5
const least = 1e-7

interface Matrix {
  path: string
  parameter: Tensor
  momentum: Tensor
  rows: number
  columns: number
}

/**
 * Muon (Jordan et al., 2024): matrices move by their momentum's nearest orthogonal matrix, by a Newton-Schulz iteration
 * in bfloat16; all else, and tables of embeddings, by AdamW. Equal to `torch.optim.Muon` with
 * `adjust_lr_fn="match_rms_adamw"`, so that AdamW's learning rates do for it. Its state is a float32 momentum a matrix,
 * 4 bytes an element, and AdamW's for the rest.
 */
export class Muon implements Optimizer {
  readonly #matrices: readonly Matrix[]
  readonly #rest: AdamW
  readonly #momentum: number
  readonly #decayOf: (path: string) => number
  readonly #scaleOf: (path: string) => number

  /** @param parameters the trainable tensors by path; they keep being updated in place */
  constructor(
    readonly parameters: NamedParameters,
    options: MuonOptions = {},
  ) {
    const { momentum = 0.95, byAdamW = isTable, ...settings } = readOptions('Muon', options, rules)
    const { weightDecay = 0, noDecay = isBias, learningRateScale = () => 1 } = settings
    const isMatrix = ([path, { shape }]: NamedParameters[number]) => shape.length === 2 && !byAdamW(path)
    this.#momentum = momentum
    this.#decayOf = (path) => (noDecay(path) ? 0 : weightDecay)
    this.#scaleOf = learningRateScale
    this.#matrices = parameters.filter(isMatrix).map(([path, parameter]) => {
      const [rows, columns] = parameter.shape as [number, number]
      return { path, parameter, momentum: noGrad(() => ops.zerosLike(parameter)), rows, columns }
    })
    this.#rest = new AdamW(
      parameters.filter((named) => !isMatrix(named)),
      settings,
    )
  }

  get stateBytes(): number {
    return this.#matrices.reduce((bytes, { parameter }) => bytes + parameter.numel * 4, this.#rest.stateBytes)
  }

  *state(): Generator<[name: string, tensor: Tensor]> {
    for (const { path, momentum } of this.#matrices) yield [`momentum_buffer.${path}`, momentum]
    if (this.#rest.parameters.length > 0) yield* this.#rest.state()
  }

  step(learningRate: Tensor): void {
    noGrad(() => {
      for (const { path, parameter, momentum, rows, columns } of this.#matrices) {
        const gradient = parameter.grad!
        callOperator('aten::lerp_.Scalar', momentum, gradient, 1 - this.#momentum)
        const moved = callOperator('aten::lerp.Scalar', gradient, momentum, this.#momentum) as Tensor // Nesterov's
        const direction = orthogonal(moved, rows > columns) // [rows, columns]
        const rate = ops.mul(learningRate, this.#scaleOf(path)) // []
        const decay = this.#decayOf(path)
        if (decay > 0) ops.mul_(parameter, ops.add(ops.mul(rate, -decay), 1))
        const length = 0.2 * Math.sqrt(Math.max(rows, columns)) // the length of AdamW's updates
        ops.add_(parameter, ops.mul(direction.to({ dtype: 'float32' }), ops.mul(rate, -length)))
      }
    })
    if (this.#rest.parameters.length > 0) this.#rest.step(learningRate)
  }

  zeroGrad({ keep = false }: { keep?: boolean | undefined } = {}): void {
    if (keep) {
      const gradients = this.#matrices.map(({ parameter }) => parameter.grad!)
      if (gradients.length > 0) noGrad(() => callOperator('aten::_foreach_zero_', gradients))
    } else for (const { parameter } of this.#matrices) parameter.clearGrad()
    if (this.#rest.parameters.length > 0) this.#rest.zeroGrad({ keep })
  }

  /** Frees the state. */
  dispose(): void {
    for (const { momentum } of this.#matrices) momentum.dispose()
    this.#rest.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** About U V^T of the singular value decomposition, in bfloat16. @param tall has more rows than columns */
function orthogonal(gradient: Tensor, tall: boolean): Tensor {
  const half = gradient.to({ dtype: 'bfloat16' })
  const given = tall ? half.t() : half // [m, n], m <= n
  const length = ops.clamp(ops.linalgVectorNorm(given), { min: least }) // []
  let x = ops.div(given, length) // [m, n]
  for (let i = 0; i < iterations; i++) {
    const gram = ops.matmul(x, x.t()) // [m, m]
    const update = callOperator('aten::addmm', gram, gram, gram, b, c) as Tensor // [m, m]
    x = callOperator('aten::addmm', x, update, x, a, 1) as Tensor // [m, n]
  }
  return tall ? x.t() : x
}

function isTable(path: string): boolean {
  return /(^|\.)\w*embeddings\.weight$/.test(path)
}
