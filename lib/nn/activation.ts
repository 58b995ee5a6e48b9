import * as ops from '../generated/ops.ts'
import type { Tensor } from '../tensor.ts'

/** Activation functions by the names of transformers' `hidden_act`. */
export const activations = {
  /** x Phi(x), with the exact erf. */
  gelu: (x: Tensor): Tensor => ops.gelu(x),
  /** GELU by its tanh approximation. */
  gelu_new: (x: Tensor): Tensor => ops.gelu(x, { approximate: 'tanh' }),
  relu: (x: Tensor): Tensor => ops.relu(x),
  silu: (x: Tensor): Tensor => ops.silu(x),
  tanh: (x: Tensor): Tensor => ops.tanh(x),
} as const

/** The name of an activation function, as `hidden_act` has it. */
export type Activation = keyof typeof activations

export const activationNames = Object.keys(activations) as readonly Activation[]
