import type { RunMessage } from '../sweep/messages.ts'
import type { TrainerEvent } from '../train/events.ts'

/** Tells the process that started this one how far the run is; nothing where a shell started it. */
export function supervise(event: TrainerEvent): void {
  if (!process.connected) return
  const message: RunMessage | null =
    event.type === 'start'
      ? { type: 'start', step: event.resumedAt, totalSteps: event.totalSteps }
      : event.type === 'step'
        ? {
            type: 'step',
            step: event.step,
            totalSteps: event.totalSteps,
            epoch: event.epoch,
            loss: event.loss,
          }
        : null
  // The callback takes the error of a supervisor that is gone: the disconnection below tells of it.
  if (message) process.send!(message, () => {})
}

/**
 * A signal that also aborts when the process that started this one is gone, so that a killed sweep leaves no run
 * that writes on without it.
 */
export function withSupervisor(signal: AbortSignal): AbortSignal {
  if (!process.channel) return signal
  const gone = new AbortController()
  process.once('disconnect', () => gone.abort())
  // A listener must not keep this process from ending.
  process.channel.unref()
  return AbortSignal.any([signal, gone.signal])
}
