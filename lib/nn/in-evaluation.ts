import { noGrad } from '../grad-mode.ts'
import type { Module } from './module.ts'

/** What `body` computes with dropout off and without autograd, whatever mode the module is in. */
export function inEvaluation<T>(module: Module, body: () => T): T {
  const { training } = module
  module.eval()
  try {
    return noGrad(body)
  } finally {
    if (training) module.train()
  }
}
