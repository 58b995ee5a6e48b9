import { TorchLoraError } from '../errors.ts'

/** What a shell expects after Ctrl-C. */
export const exitInterrupted = 130

/**
 * Prints a failure for people: a TorchLoraError is one message; anything else is a defect of ours and keeps its
 * stack. DEBUG in the environment shows stacks and causes always.
 * @returns the exit code
 */
export function reportFailure(error: unknown): number {
  const expected = error instanceof TorchLoraError
  if (process.env.DEBUG || !expected) console.error(error)
  else console.error(`torch-lora: ${error.message}`)
  return expected && error.code === 'ABORTED' ? exitInterrupted : 1
}

/** Runs `body` with a signal that Ctrl-C or a termination request aborts; a second Ctrl-C ends at once. */
export async function interruptible<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = () => {
    if (controller.signal.aborted) process.exit(exitInterrupted)
    controller.abort()
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  try {
    return await body(controller.signal)
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}
