import { TorchLoraError } from '../errors.ts'

/** The calls under way of something that can be closed: it ends after the last of them, and takes no more. */
export class Calls {
  readonly #underWay = new Set<Promise<unknown>>()
  #closed: Promise<void> | undefined

  /**
   * Begins a call.
   * @throws TorchLoraError DISPOSED after close()
   */
  async track<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new TorchLoraError('DISPOSED', 'This model is closed; load it again.')
    const call = work()
    this.#underWay.add(call)
    try {
      return await call
    } finally {
      this.#underWay.delete(call)
    }
  }

  /** Refuses new calls, waits for those under way, then runs `free`; once, however often it is called. */
  close(free: () => Promise<void>): Promise<void> {
    this.#closed ??= (async () => {
      await Promise.allSettled(this.#underWay)
      await free()
    })()
    return this.#closed
  }
}
