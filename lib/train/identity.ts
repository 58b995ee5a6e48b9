import { TorchLoraError } from '../errors.ts'
import type { TrainerState } from './checkpoint.ts'
import type { ResolvedTrainerOptions } from './options.ts'
import { optimizerName } from './run-settings.ts'
import { computing } from './training-schema.ts'

export type RunIdentity = TrainerState['identity']

/** What a run is, as its checkpoints say it: settings, what trains, on which examples, and `options.identity`. */
export function runIdentity(
  options: ResolvedTrainerOptions,
  { trainableParameters, trainExamples }: { trainableParameters: number; trainExamples: string },
): RunIdentity {
  const { optimizer } = options
  const given: [string, unknown][] = [
    ...computing.map((name): [string, unknown] => [name, options[name]]),
    // Runs from before there was a choice go on.
    ['optimizer', optimizer === 'adamw' ? undefined : optimizerName(optimizer)],
    ['loss', options.loss && (options.loss.name || 'of its own')],
    ['trainableParameters', trainableParameters],
    ['trainExamples', trainExamples],
    ...Object.entries(options.identity ?? {}),
  ]
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}

/** @throws TorchLoraError INCOMPATIBLE naming every difference between a run and the checkpoint at `path` */
export function checkIdentity(own: RunIdentity, { identity }: TrainerState, path: string): void {
  const names = new Set([...Object.keys(own), ...Object.keys(identity)])
  const differences = [...names]
    .filter((name) => JSON.stringify(own[name]) !== JSON.stringify(identity[name]))
    .map((name) => `${name} was ${JSON.stringify(identity[name])}, is ${JSON.stringify(own[name])}`)
  if (differences.length === 0) return
  throw new TorchLoraError(
    'INCOMPATIBLE',
    `${path} is of a run with other settings: ${differences.join('; ')}. Use those, or another output folder.`,
    { file: path },
  )
}
