import { bytesBar } from '../../lib/cli/progress.ts'
import { TorchLoraError } from '../../lib/index.ts'

/** A progress bar that appears with the first byte. */
export function downloadBar(what: string): { show: (done: number, total: number) => void; stop: () => void } {
  const bar = bytesBar()
  return {
    show(done, total) {
      if (!bar.isActive) bar.start(total, done, { what })
      bar.setTotal(total)
      bar.update(done)
    },
    stop: () => bar.stop(),
  }
}

/**
 * A signal that gives up on a network that does not answer. A firewall that drops packets would otherwise hold a
 * program up for minutes before another source is tried.
 */
export class Patience implements Disposable {
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout

  /** @param limitMs after the start, or after the last `alive` */
  constructor(limitMs = 8_000) {
    this.#timer = setTimeout(() => this.#controller.abort(), limitMs)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Something arrived: wait again. */
  alive(): void {
    this.#timer.refresh()
  }

  /** The error to throw for `cause`: when it was patience that ended, a network that failed. */
  giveUp(cause: unknown, message: string): unknown {
    return this.signal.aborted ? new TorchLoraError('NETWORK', message, { cause }) : cause
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}
