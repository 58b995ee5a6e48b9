import { guarded, type TraceEvent } from './native.ts'

export type { TraceEvent } from './native.ts'

/**
 * From here on what runs natively is kept, on every thread of the process: operators and nodes of autograd, nested as
 * they call one another, shares of their work by thread, and jobs of the executor. It costs 0.2 to 1 us an event.
 */
export function startTrace(): void {
  guarded((native) => native.startTrace())
}

/** Ends that, and gives what was kept, in the order of its end. Empty where no trace was started. */
export function takeTrace(): TraceEvent[] {
  return guarded((native) => native.takeTrace())
}
