import { trainingOptions } from '../train/training-schema.ts'

/** Options of the library whose flags are shorter than their names. */
export const shortNames: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    trainingOptions.flatMap(([flag, { option, part }]) => (option && !part ? [[option, flag]] : [])),
  ),
  evaluate: 'eval',
  targetModules: 'target',
  feedforwardModules: 'feedforward',
  loraAlpha: 'alpha',
  loraDropout: 'dropout',
  useRslora: 'rslora',
  useDora: 'dora',
  mergeAdapter: 'adapter',
  maxBodyBytes: 'maxBody',
  requestTimeoutMs: 'requestTimeout',
  graceMs: 'grace',
}

/** Settings of a recipe by their short names, of which each option's full name is another spelling. */
export function withShortNames<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withShortNames) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      Object.hasOwn(shortNames, name) ? shortNames[name] : name,
      each,
    ]),
  ) as T
}
