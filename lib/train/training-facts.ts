import { cpus } from 'node:os'
import type { TrainingFacts } from '../models/model-card.ts'
import type { EvaluationFile } from './evaluation-file.ts'
import type { TrainingSummary } from './events.ts'
import { describeSettings } from './run-settings.ts'

/** What a run came to, as the card of its model has it. */
export function trainingFacts({
  method,
  base,
  dataset,
  rows,
  summary,
  evaluation,
  device,
}: Pick<TrainingFacts, 'method' | 'base' | 'dataset' | 'rows'> & {
  summary: TrainingSummary
  evaluation?: EvaluationFile | undefined
  device: string
}): TrainingFacts {
  const { length, rate } = describeSettings(summary.settings)
  const metrics = evaluation?.metrics ?? summary.best?.metrics ?? {}
  return {
    method,
    base,
    dataset,
    rows,
    measured: Object.entries(metrics).map(([name, value]) => ({
      name,
      value,
      interval: evaluation?.intervals?.[name],
    })),
    calibrated: evaluation?.calibrated,
    settings: [
      ['updates', `${summary.steps} (${length})`],
      ['learning rate', rate],
      ['trained parameters', summary.trainableParameters.toLocaleString('en')],
      ['time', `${summary.wallSeconds.toFixed(0)} seconds`],
      ['hardware', machineName(device)],
    ],
  }
}

/** "AMD EPYC 9354P, 16 threads", and the device where it is another. */
export function machineName(device: string): string {
  const cores = cpus()
  const cpu = `${cores[0]?.model.trim() || process.arch}, ${cores.length} threads`
  return device === 'cpu' ? cpu : `${device}, ${cpu}`
}
