import type { TrainerEvent } from './events.ts'

/** A tracker of runs: what somebody else's page draws. */
export interface Tracker {
  /** Writes the curves of an update or an evaluation; other events draw nothing. */
  log(event: TrainerEvent): Promise<void>
  /** Says how the run ended, and with which best values. */
  end(how: 'finished' | 'interrupted' | 'failed', best?: Readonly<Record<string, number>>): Promise<void>
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
  const named = Object.entries(event.metrics).map(([name, value]) => [`eval/${name}`, value] as const)
  return { step: event.step, values: Object.fromEntries(named) }
}
