import { AdamW } from './adamw.ts'
import { Muon } from './muon.ts'
import type { NamedParameters, Optimizer, OptimizerSettings } from './optimizer.ts'

/** How the trainer makes an optimizer of what trains. */
export type OptimizerFactory = (parameters: NamedParameters, settings: OptimizerSettings) => Optimizer

/** The optimizers that have a name. */
export const optimizers = {
  adamw: (parameters, settings) => new AdamW(parameters, settings),
  muon: (parameters, settings) => new Muon(parameters, settings),
} as const satisfies Record<string, OptimizerFactory>

/** The optimizers that a recipe or a flag may name. */
export type OptimizerName = keyof typeof optimizers

/** The factory of that name, or the one given. */
export function optimizerFactory(choice: OptimizerName | OptimizerFactory): OptimizerFactory {
  return typeof choice === 'function' ? choice : optimizers[choice]
}
