import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { Model } from '../models/model.ts'
import { isBias } from '../optim/adamw.ts'
import {
  type NamedParameters,
  type Optimizer,
  type OptimizerSettings,
  optimizerRules,
} from '../optim/optimizer.ts'
import type { OptimizerFactory } from '../optim/registry.ts'
import { type Rules, readOptions } from '../options.ts'
import { Tensor } from '../tensor.ts'
import { LoraLinear, lora } from './lora.ts'
import { loraState } from './state.ts'

interface Moved {
  path: string
  parameter: Tensor
  mean: Tensor
  square: Tensor
  /** Of a lora_B: (A A^T)^-1 / scaling^2, [R, R]. */
  correction: Tensor | null
}

type LorafaSettings = OptimizerSettings & { eps: number }

/** As PEFT has it. */
const ridge = 1e-8

/**
 * LoRA-FA (Zhang et al., 2023): A is frozen, and B's gradient is what brings the update nearest to the whole weight's.
 * Equal to `LoraFAOptimizer` of PEFT in float32, which multiplies in bfloat16 where the machine can. The head and
 * everything else move by AdamW as transformers had it. Its state is two moments for each parameter.
 */
class LoraFA implements Optimizer {
  readonly #moved: readonly Moved[]
  readonly #steps: Tensor
  readonly #settings: LorafaSettings

  constructor(
    readonly parameters: NamedParameters,
    corrections: ReadonlyMap<string, Tensor>,
    settings: LorafaSettings,
  ) {
    this.#settings = settings
    this.#steps = Tensor.scalar(0, 'float64', parameters[0]?.[1].device)
    this.#moved = parameters.map(([path, parameter]) => {
      const [mean, square] = noGrad(() => [ops.zerosLike(parameter), ops.zerosLike(parameter)])
      return { path, parameter, mean: mean!, square: square!, correction: corrections.get(path) ?? null }
    })
  }

  get stateBytes(): number {
    return this.#moved.reduce((bytes, { parameter }) => bytes + parameter.numel * 8, 0)
  }

  *state(): Generator<[name: string, tensor: Tensor]> {
    yield ['step', this.#steps]
    for (const { path, mean, square } of this.#moved) {
      yield [`exp_avg.${path}`, mean]
      yield [`exp_avg_sq.${path}`, square]
    }
  }

  step(learningRate: Tensor): void {
    const {
      betas = [0.9, 0.999],
      eps,
      weightDecay = 0,
      noDecay = isBias,
      learningRateScale = () => 1,
    } = this.#settings
    const [beta1, beta2] = betas
    noGrad(() => {
      ops.copy_(this.#steps, ops.add(this.#steps, 1))
      const left = (beta: number) => ops.neg(ops.expm1(ops.mul(this.#steps, Math.log(beta)))) // 1 - beta^step
      const rate = learningRate.to({ dtype: 'float64' })
      const size = ops.div(ops.mul(rate, ops.sqrt(left(beta2))), left(beta1)) // []
      for (const { path, parameter, mean, square, correction } of this.#moved) {
        const own = parameter.grad!
        const gradient = correction ? ops.matmul(own, correction) : own
        ops.copy_(mean, ops.add(ops.mul(mean, beta1), ops.mul(gradient, 1 - beta1)))
        ops.copy_(square, ops.add(ops.mul(square, beta2), ops.mul(ops.mul(gradient, gradient), 1 - beta2)))
        const direction = ops.div(mean, ops.add(ops.sqrt(square), eps))
        const scale = learningRateScale(path)
        const step = ops.mul(size, -scale).to({ dtype: parameter.dtype })
        ops.copy_(parameter, ops.add(parameter, ops.mul(direction, step)))
        const decay = noDecay(path) ? 0 : weightDecay
        if (decay === 0) continue
        const kept = ops.add(ops.mul(rate, -scale * decay), 1).to({ dtype: parameter.dtype })
        ops.copy_(parameter, ops.mul(parameter, kept))
      }
    })
  }

  zeroGrad({ keep = false }: { keep?: boolean } = {}): void {
    for (const { parameter } of this.#moved) {
      if (keep) noGrad(() => ops.zero_(parameter.grad!))
      else parameter.clearGrad()
    }
  }

  /** Frees the state. */
  dispose(): void {
    for (const [, tensor] of this.state()) tensor.dispose()
    for (const { correction } of this.#moved) correction?.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** What {@link createLorafaOptimizer} takes beside the model. */
export interface LorafaOptions {
  /** Added to the denominator. Default 1e-6, PEFT's. */
  eps?: number | undefined
}

const rules: Rules<LorafaOptions> = { eps: optimizerRules.eps }

/**
 * Freezes every lora_A of the model's adapter, and gives the optimizer that a Trainer then trains the rest with:
 * `new Trainer({ model, optimizer: createLorafaOptimizer(model), ... })`. `create_lorafa_optimizer` of PEFT.
 * The optimizer takes the Trainer's settings but for `eps`, which is the one that is given here.
 * @throws TorchLoraError INVALID_ARGUMENT when the model has no adapter, or one of another method
 */
export function createLorafaOptimizer(model: Model, options: LorafaOptions = {}): OptimizerFactory {
  const { eps = 1e-6 } = readOptions('createLorafaOptimizer', options, rules)
  const { layers, method } = loraState(model)
  const linears = [...layers].map(([path, layer]): [string, LoraLinear] => {
    if (method === lora && layer instanceof LoraLinear) return [path, layer]
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `LoRA-FA trains B of LoRA's Linears; ${path} is adapted by ${method.name}.`,
    )
  })
  for (const [, { update }] of linears) update.A.requiresGrad = false
  return function lorafa(parameters, settings) {
    const corrections = noGrad(
      () =>
        new Map(
          linears.map(([path, { update }]) => {
            const { A, scaling } = update
            const identity = ops.eye(A.shape[0]!, { device: A.device, dtype: A.dtype })
            const gram = ops.add(ops.matmul(A, A.t()), ops.mul(identity, ridge)) // [R, R]
            return [`${path}.lora_B.weight`, ops.mul(ops.linalgPinv(gram), 1 / scaling ** 2)]
          }),
        ),
    )
    return new LoraFA(parameters, corrections, { ...settings, eps })
  }
}
