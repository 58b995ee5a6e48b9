import { setMaxListeners } from 'node:events'
import { TorchLoraError } from '../errors.ts'

/** A signal that aborts with a caller's, or when time is up; its reason is the TorchLoraError to throw. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal
  /** Ends it now. */
  abort(): void
}

/** Follows `signal` and a time limit until it is disposed of. Leaves nothing behind on a signal that lives on. */
export function deadline({ signal, timeoutMs }: { signal?: AbortSignal; timeoutMs?: number }): Deadline {
  if (timeoutMs !== undefined && !(timeoutMs > 0))
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `timeoutMs: expected a number above 0, received ${timeoutMs}.`,
    )
  const controller = new AbortController()
  // Every text of a call listens, and a signal may be shared by many calls; all of them stop listening at their end.
  setMaxListeners(0, controller.signal)
  if (signal) setMaxListeners(0, signal)
  const follow = () =>
    controller.abort(signal?.reason instanceof TorchLoraError ? signal.reason : ended(signal))
  if (signal?.aborted) follow()
  else signal?.addEventListener('abort', follow, { once: true })
  const expire = () =>
    controller.abort(
      new TorchLoraError('TIMEOUT', `The request took longer than ${timeoutMs} ms.`, {
        cause: new DOMException('The operation timed out', 'TimeoutError'),
      }),
    )
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs)
  return {
    signal: controller.signal,
    abort: () => controller.abort(ended()),
    [Symbol.dispose]() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', follow)
    },
  }
}

function ended(signal?: AbortSignal): TorchLoraError {
  return new TorchLoraError('ABORTED', 'The request was aborted.', { cause: signal?.reason })
}

/** `work`, or the signal's reason if that comes first. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let stop: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop!)
  }
}
