import { callOperator } from '../dispatch.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { readOptions } from '../options.ts'
import { Tensor } from '../tensor.ts'
import { type NamedParameters, type Optimizer, type OptimizerSettings, optimizerRules } from './optimizer.ts'

/** The settings of {@link AdamW}. */
export type AdamWOptions = OptimizerSettings

/** Parameters that share weight decay and learning-rate scale: one fused call each. */
interface Group {
  weightDecay: number
  scale: number
  parameters: Tensor[]
  firstMoments: Tensor[]
  secondMoments: Tensor[]
}

/** Whether a path is a bias's: it names one, as transformers' Trainer and PEFT have it ("q_bias"). */
export function isBias(path: string): boolean {
  return path.includes('bias')
}

/**
 * AdamW (Loshchilov & Hutter, 2019) on libtorch's fused kernel, equal to `torch.optim.AdamW`. Its state is two
 * float32 moments a parameter, 8 bytes, and one step count for all.
 */
export class AdamW implements Optimizer {
  readonly #options: Required<Omit<AdamWOptions, 'noDecay' | 'learningRateScale'>>
  readonly #groups: Group[]
  readonly #moments = new Map<string, { first: Tensor; second: Tensor }>()
  readonly #steps: Tensor

  /** @param parameters the trainable tensors by path; they keep being updated in place */
  constructor(
    readonly parameters: NamedParameters,
    options: AdamWOptions = {},
  ) {
    const {
      betas = [0.9, 0.999],
      eps = 1e-8,
      weightDecay = 0,
    } = readOptions('AdamW', options, optimizerRules)
    const { noDecay = isBias, learningRateScale = () => 1 } = options
    this.#options = { betas, eps, weightDecay }
    this.#steps = Tensor.scalar(0, 'float32', parameters[0]?.[1].device) // where libtorch's kernel reads it
    const groups = new Map<string, Group>()
    for (const [path, parameter] of parameters) {
      const decay = noDecay(path) ? 0 : weightDecay
      const scale = learningRateScale(path)
      const key = `${decay} ${scale}`
      const group = groups.get(key) ?? {
        weightDecay: decay,
        scale,
        parameters: [],
        firstMoments: [],
        secondMoments: [],
      }
      groups.set(key, group)
      const moments = noGrad(() => ({ first: ops.zerosLike(parameter), second: ops.zerosLike(parameter) }))
      this.#moments.set(path, moments)
      group.parameters.push(parameter)
      group.firstMoments.push(moments.first)
      group.secondMoments.push(moments.second)
    }
    this.#groups = [...groups.values()]
  }

  /** Bytes of the moments: 8 for each float32 parameter. */
  get stateBytes(): number {
    return this.parameters.reduce((bytes, [, parameter]) => bytes + parameter.numel * 8, 0)
  }

  /** Moments and the step count by name, for a checkpoint. */
  *state(): Generator<[name: string, tensor: Tensor]> {
    yield ['step', this.#steps]
    for (const [path, { first, second }] of this.#moments) {
      yield [`exp_avg.${path}`, first]
      yield [`exp_avg_sq.${path}`, second]
    }
  }

  /**
   * One update of every parameter from its gradient; eagerly, or as instructions of a program.
   * @param learningRate float32, 0-dimensional
   */
  step(learningRate: Tensor): void {
    const { betas, eps } = this.#options
    noGrad(() => {
      ops.foreachAdd_([this.#steps], 1)
      for (const group of this.#groups) {
        const lr = group.scale === 1 ? learningRate : ops.mul(learningRate, group.scale) // []
        const gradients = group.parameters.map((parameter) => parameter.grad!)
        ops.fusedAdamw_(
          group.parameters,
          gradients,
          group.firstMoments,
          group.secondMoments,
          [],
          group.parameters.map(() => this.#steps),
          {
            lr,
            beta1: betas[0],
            beta2: betas[1],
            weightDecay: group.weightDecay,
            eps,
            amsgrad: false,
            maximize: false,
          },
        )
      }
    })
  }

  /**
   * Drops every parameter's gradient.
   * @param options.keep keep the tensors, filled with zeros: `set_to_none=False` of torch. Default false.
   */
  zeroGrad({ keep = false }: { keep?: boolean | undefined } = {}): void {
    if (keep) {
      const gradients = this.parameters.map(([, parameter]) => parameter.grad!)
      noGrad(() => callOperator('aten::_foreach_zero_', gradients))
      return
    }
    for (const [, parameter] of this.parameters) parameter.clearGrad()
  }

  /** Frees the moments. */
  dispose(): void {
    for (const [, tensor] of this.state()) tensor.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}
