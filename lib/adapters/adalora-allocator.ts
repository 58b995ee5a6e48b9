import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { NamedParameters, Optimizer } from '../optim/optimizer.ts'
import { Tensor } from '../tensor.ts'
import type { AdaLoraLinear } from './adalora.ts'
import type { AdaLoraConfig } from './adalora-config.ts'
import type { LoraState } from './state.ts'

/** Means over the updates so far of how much an element matters, and of how sure that is. */
interface Importance {
  path: string
  parameter: Tensor
  sensitivity: Tensor
  uncertainty: Tensor
}

interface Layer {
  factors: AdaLoraLinear['factors']
  A: Importance
  E: Importance
  B: Importance
}

/** What is done at an update, by its number from 0; the last entry stands for all after it. */
interface Plan {
  /** Whether importance is measured: bool [N] */
  measures: Tensor
  /** Whether rows are chosen anew: bool [N] */
  allocates: Tensor
  /** Whether rows that are not kept are set to zero: bool [N] */
  masks: Tensor
  /** How many rows go, of all layers: int64 [N] */
  pruned: Tensor
}

/**
 * AdaLoRA's allocation of ranks (Zhang et al., 2023, algorithm 1) after each update of another optimizer: rows of least
 * importance are set to zero, until as many are left as the schedule says. Recorded like the update itself, so which
 * rows go is never a value that JavaScript sees. Source: peft 0.21, adalora/layer.py, RankAllocator, and
 * model.py, update_and_allocate.
 */
export class RankAllocator implements Optimizer {
  readonly #layers: readonly Layer[]
  readonly #step: Tensor
  #plan: Plan | null = null

  constructor(
    private readonly of: LoraState,
    private readonly inner: Optimizer,
  ) {
    const importance = (path: string, parameter: Tensor): Importance => {
      const [sensitivity, uncertainty] = noGrad(() => [ops.zerosLike(parameter), ops.zerosLike(parameter)])
      return { path, parameter, sensitivity: sensitivity!, uncertainty: uncertainty! }
    }
    this.#layers = Array.from(of.layers, ([path, layer]) => {
      const { factors } = layer as AdaLoraLinear
      return {
        factors,
        A: importance(`${path}.lora_A`, factors.A),
        E: importance(`${path}.lora_E`, factors.E),
        B: importance(`${path}.lora_B`, factors.B),
      }
    })
    const { device } = this.#layers[0]!.factors.A
    this.#step = Tensor.zeros([1], { dtype: 'int64', device })
  }

  get parameters(): NamedParameters {
    return this.inner.parameters
  }

  get stateBytes(): number {
    const all = this.#importances()
    return all.reduce((bytes, { parameter }) => bytes + parameter.numel * 8, this.inner.stateBytes)
  }

  *state(): Generator<readonly [name: string, tensor: Tensor]> {
    yield* this.inner.state()
    yield ['adalora.step', this.#step]
    for (const { path, sensitivity, uncertainty } of this.#importances()) {
      yield [`exp_avg_ipt.${path}`, sensitivity]
      yield [`exp_avg_unc.${path}`, uncertainty]
    }
    for (const { E, factors } of this.#layers) yield [`kept.${E.path}`, factors.kept]
  }

  /** @throws TorchLoraError INVALID_ARGUMENT where the schedule does not fit so many updates */
  begin(totalSteps: number): void {
    this.inner.begin?.(totalSteps)
    const config = this.of.config as AdaLoraConfig
    const totalStep = config.totalStep ?? totalSteps
    const problems = config.scheduleProblem(totalStep)
    if (problems.length > 0)
      throw new TorchLoraError('INVALID_ARGUMENT', `AdaLoraConfig: ${problems.join('; ')}.`)
    this.of.config = config.with({ totalStep })
    this.#plan = this.#schedule(config, totalStep)
  }

  step(learningRate: Tensor): void {
    this.inner.step(learningRate)
    if (!this.#plan)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        'AdaLoRA allocates ranks by a schedule: call begin(totalSteps) before the first update.',
      )
    const plan = this.#plan
    noGrad(() => {
      const now = ops.clamp(this.#step, { max: plan.pruned.shape[0]! - 1 }) // [1]
      const at = (table: Tensor) => ops.indexSelect(table, 0, now) // [1]
      this.#measure(at(plan.measures))
      const scores = this.#layers.map(scoreOf) // [R] each
      const [sorted] = ops.sort(ops.cat(scores))
      const pruned = at(plan.pruned) // [1]
      const threshold = ops.indexSelect(sorted, 0, ops.clamp(ops.sub(pruned, 1), { min: 0 })) // [1]
      const allocates = ops.logicalAnd(at(plan.allocates), ops.gt(pruned, 0)) // [1]
      const masks = at(plan.masks) // [1]
      for (const [i, { factors }] of this.#layers.entries()) {
        const chosen = ops.gt(scores[i]!, threshold) // [R]
        ops.copy_(factors.kept, ops.where(allocates, chosen, factors.kept))
        const gone = ops.logicalAnd(ops.logicalOr(allocates, masks), ops.logicalNot(factors.kept)) // [R]
        ops.copy_(factors.E, ops.where(ops.unsqueeze(gone, 1), ops.zerosLike(factors.E), factors.E))
      }
      ops.copy_(this.#step, ops.add(this.#step, 1))
    })
  }

  zeroGrad(options?: { keep?: boolean }): void {
    this.inner.zeroGrad(options)
  }

  /** Frees what is its own; the other optimizer stays its maker's. */
  [Symbol.dispose](): void {
    this.#step.dispose()
    for (const { sensitivity, uncertainty } of this.#importances()) {
      sensitivity.dispose()
      uncertainty.dispose()
    }
    for (const table of Object.values(this.#plan ?? {})) table.dispose()
  }

  #importances(): Importance[] {
    return this.#layers.flatMap(({ A, E, B }) => [A, E, B])
  }

  /** @param measures bool [1]: whether the means move at this update */
  #measure(measures: Tensor): void {
    const { beta1, beta2 } = this.of.config as AdaLoraConfig
    for (const { parameter, sensitivity, uncertainty } of this.#importances()) {
      const now = ops.abs(ops.mul(parameter, parameter.grad!))
      const mean = ops.add(ops.mul(sensitivity, beta1), ops.mul(now, 1 - beta1))
      const deviation = ops.abs(ops.sub(now, mean))
      const unsure = ops.add(ops.mul(uncertainty, beta2), ops.mul(deviation, 1 - beta2))
      ops.copy_(sensitivity, ops.where(measures, mean, sensitivity))
      ops.copy_(uncertainty, ops.where(measures, unsure, uncertainty))
    }
  }

  #schedule({ tinit, tfinal, deltaT, targetR }: AdaLoraConfig, totalStep: number): Plan {
    const rows = this.#layers.reduce((sum, { factors }) => sum + factors.A.shape[0]!, 0)
    const target = targetR * this.#layers.length
    const end = totalStep - tfinal
    const entries = Array.from({ length: end + 2 }, (_, step) => {
      // The budget falls with the cube of what is left of the time.
      const left = 1 - (step - tinit) / (end - tinit)
      const budget =
        step <= tinit ? rows : step > end ? target : Math.trunc((rows - target) * left ** 3 + target)
      return {
        measures: step < end,
        allocates: step === end || (step > tinit && step < end && step % deltaT === 0),
        masks: step > end,
        pruned: Math.max(0, rows - budget),
      }
    })
    const { device } = this.#step
    const table = (of: (entry: (typeof entries)[number]) => boolean | number, dtype: 'bool' | 'int64') =>
      Tensor.from(
        entries.map((entry) => Number(of(entry))),
        { dtype, device },
      )
    return {
      measures: table((entry) => entry.measures, 'bool'),
      allocates: table((entry) => entry.allocates, 'bool'),
      masks: table((entry) => entry.masks, 'bool'),
      pruned: table((entry) => entry.pruned, 'int64'),
    }
  }
}

/** How much each row matters: [R] */
function scoreOf({ A, E, B }: Layer): Tensor {
  const element = ({ sensitivity, uncertainty }: Importance) => ops.mul(sensitivity, uncertainty)
  const sides = ops.add(ops.mean(element(A), [1]), ops.mean(element(B), [0])) // [R]
  return ops.add(ops.reshape(element(E), [-1]), sides) // [R]
}
