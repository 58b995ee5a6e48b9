import type { LoadReport } from './load.ts'

/** Where a model came from. */
interface Origin {
  directory: string
  report: LoadReport
}

const origins = new WeakMap<object, Origin>()

/** Notes where `model` was loaded from. */
export function setOrigin(model: object, origin: Origin): void {
  origins.set(model, origin)
}

/** Where a model was loaded from; undefined for one that was not. */
export function originOf(model: object): Origin | undefined {
  return origins.get(model)
}

/** What became of the checkpoint that a model was loaded from; undefined for a model that was not loaded. */
export function loadReport(model: object): LoadReport | undefined {
  return origins.get(model)?.report
}
