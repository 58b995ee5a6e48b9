import { writeFileSync } from 'node:fs'
import { callOperator } from '../dispatch.ts'
import { TorchLoraError } from '../errors.ts'

let recorded = false

/**
 * Writes an error to where torchrun looks for the cause of a failed rank (TORCHELASTIC_ERROR_FILE), in the form of
 * torch.distributed.elastic's own handler. The first error of a process stays. Does nothing outside torchrun.
 */
export function recordFailure(error: unknown): void {
  const file = process.env.TORCHELASTIC_ERROR_FILE
  if (!file || recorded) return
  recorded = true
  const known = error instanceof Error
  const message = known ? `${error.name}: ${error.message}` : String(error)
  const extraInfo = {
    // What torchrun prints of it.
    py_callstack: known && !(error instanceof TorchLoraError) ? (error.stack ?? message) : message,
    timestamp: String(Math.floor(Date.now() / 1000)),
  }
  try {
    writeFileSync(file, JSON.stringify({ message: { message, extraInfo } }))
  } catch {
    // The error itself is printed in any case.
  }
}

const atError = (error: Error) => recordFailure(error)

/**
 * While a collective waits for a rank that will never come, the process cannot end in order: exit() joins the thread
 * that waits, until its timeout. So it ends without order.
 */
const atExit = (code: number) => {
  if (callOperator('lora_c10d::under_way') === true) callOperator('lora_c10d::exit_now', code)
}

/** Makes an error that ends the process known to the launcher, and the end quick. */
export function watchTheEnd(): void {
  process.on('uncaughtExceptionMonitor', atError).on('exit', atExit)
}

/** Undoes {@link watchTheEnd}. */
export function leaveTheEnd(): void {
  process.off('uncaughtExceptionMonitor', atError).off('exit', atExit)
}
