import { recordFailure } from '../distributed/leaving.ts'
import { TorchLoraError } from '../errors.ts'
import { withFlagNames } from './flag-names.ts'

/** What a shell expects after Ctrl-C. */
export const exitInterrupted = 130

/**
 * Prints a failure for people: a TorchLoraError, or what the system refused (a full disk, a folder that may not be
 * written), is one message; anything else is a defect of ours and keeps its stack. DEBUG in the environment shows
 * stacks and causes always.
 * @returns the exit code
 */
export function reportFailure(error: unknown): number {
  recordFailure(error)
  const message = messageOf(error)
  if (process.env.DEBUG || message === undefined) console.error(error)
  else console.error(`torch-lora: ${withFlagNames(message)}`)
  return error instanceof TorchLoraError && error.code === 'ABORTED' ? exitInterrupted : 1
}

function messageOf(error: unknown): string | undefined {
  if (error instanceof TorchLoraError) return error.message
  const { syscall, path, code, message } = error as NodeJS.ErrnoException
  if (syscall === undefined || code === undefined) return undefined
  const reason = message.replace(/^[A-Z]+: |, \w+( '.*)?$/g, '')
  return `${path ?? syscall}: ${reason} (${code} at ${syscall}).`
}

/** What a launcher expects of a process that it has asked to end: 128 and the signal's number. */
export const exitTerminated = 143

/** Runs `body` with a signal that Ctrl-C or a termination request aborts; a second Ctrl-C ends at once. */
export async function interruptible<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(name === 'SIGTERM' ? exitTerminated : exitInterrupted)
    controller.abort(name)
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  try {
    return await body(controller.signal)
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}
