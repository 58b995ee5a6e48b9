import type { TrainerEvent } from './events.ts'

/** How a run ended. */
export type RunEnd = 'finished' | 'interrupted' | 'failed'

/** A tracker of runs: what somebody else's page draws. */
export interface Tracker {
  /** Writes the curves of an update or an evaluation; other events draw nothing. */
  log(event: TrainerEvent): Promise<void>
  /** Says how the run ended, and with which best values. */
  end(how: RunEnd, best?: Readonly<Record<string, number>>): Promise<void>
}

/** What is drawn of an event, by the names that every tracker has them under; null where that is nothing. */
export function curvesOf(event: TrainerEvent): { step: number; values: Record<string, number> } | null {
  if (event.type === 'step') {
    const { step, loss, learningRate, gradNorm, tokens, seconds, epoch } = event
    return {
      step,
      values: {
        'train/loss': loss,
        'train/learning_rate': learningRate,
        'train/grad_norm': gradNorm,
        'train/tokens_per_second': tokens / seconds,
        'train/epoch': epoch,
      },
    }
  }
  if (event.type !== 'evaluation') return null
  return { step: event.step, values: below('eval', event.metrics) }
}

/** Values with their names below a folder's: "eval/accuracy". */
export function below(folder: string, values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${folder}/${name}`, value]))
}
