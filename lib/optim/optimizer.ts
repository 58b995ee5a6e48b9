import { callback, number, type Rule, type Rules } from '../options.ts'
import type { Tensor } from '../tensor.ts'

/** The tensors that an optimizer moves, by path. */
export type NamedParameters = readonly (readonly [path: string, parameter: Tensor])[]

/** What the training step and a checkpoint ask of an optimizer. */
export interface Optimizer extends Disposable {
  readonly parameters: NamedParameters
  /** Bytes of its state. */
  readonly stateBytes: number
  /** Called once before the first update, by whoever knows how many there will be. */
  begin?(totalSteps: number): void
  /** Its state by name, for a checkpoint, which writes into these very tensors when it is restored. */
  state(): Iterable<readonly [name: string, tensor: Tensor]>
  /**
   * One update of every parameter from its gradient; eagerly, or as instructions of a program.
   * @param learningRate float32, 0-dimensional
   */
  step(learningRate: Tensor): void
  /**
   * Drops every parameter's gradient.
   * @param options.keep keep the tensors, filled with zeros: `set_to_none=False` of torch. Default false.
   */
  zeroGrad(options?: { keep?: boolean | undefined }): void
}

/** How the trainer makes an optimizer of what trains. */
export interface OptimizerSettings {
  /** Decay rates of the moments. Default [0.9, 0.999]. */
  betas?: readonly [number, number] | undefined
  /** Default 1e-8. */
  eps?: number | undefined
  /** Decoupled weight decay. Default 0. */
  weightDecay?: number | undefined
  /** Parameters without weight decay, by path. Default: biases. */
  noDecay?: ((path: string) => boolean) | undefined
  /** A factor on the learning rate, by path: for a head that learns faster. Default 1 everywhere. */
  learningRateScale?: ((path: string) => number) | undefined
}

const betas: Rule = (value) =>
  Array.isArray(value) &&
  value.length === 2 &&
  value.every((beta) => typeof beta === 'number' && beta >= 0 && beta < 1)
    ? undefined
    : 'two numbers of at least 0 and below 1'

/** What {@link OptimizerSettings} may be. */
export const optimizerRules: Rules<OptimizerSettings> = {
  betas,
  eps: number({ least: 0 }),
  weightDecay: number({ least: 0 }),
  noDecay: callback,
  learningRateScale: callback,
}
