/** What a scheduler needs to know of an item. */
export interface Schedulable {
  readonly tokens: number
  /** The item left the queue: it runs, or was dropped. */
  onLeave?(): void
}

export interface SchedulerOptions<Item, Result> {
  /** Runs a batch; results in order. Aborting `signal` means that nobody waits for any of it. */
  run(items: readonly Item[], signal: AbortSignal): Promise<readonly Result[]>
  /** Tokens a batch at most; an item with more is alone. */
  maxBatchTokens: number
  /** Whether `item` may share a batch with the others. */
  fits(batch: readonly Item[], item: Item): boolean
}

interface Entry<Item, Result> {
  item: Item
  signal: AbortSignal
  resolve(result: Result): void
  reject(error: unknown): void
}

/**
 * Continuous packing: an idle executor starts with whatever is there, without waiting for more; what arrives while it
 * is busy is packed into the next batch, up to a budget of tokens, first come, first served. A second batch is
 * handed over ahead of time only when it is full, so that waiting would not make it better.
 */
export class Scheduler<Item extends Schedulable, Result> {
  readonly #options: SchedulerOptions<Item, Result>
  #queue: Entry<Item, Result>[] = []
  #tokens = 0
  #running = 0
  #pumping = false

  constructor(options: SchedulerOptions<Item, Result>) {
    this.#options = options
  }

  /**
   * Runs an item in some batch. An aborted item leaves the queue; one that is running already goes on for the sake of
   * the others in its batch, and only a batch that nobody waits for any more is stopped.
   * @throws the signal's reason, or what `run` throws
   */
  submit(item: Item, signal: AbortSignal): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const abort = () => {
        const at = this.#queue.indexOf(entry)
        if (at >= 0) {
          this.#queue.splice(at, 1)
          this.#tokens -= item.tokens
          item.onLeave?.()
        }
        reject(signal.reason)
      }
      const settled = () => signal.removeEventListener('abort', abort)
      const entry: Entry<Item, Result> = {
        item,
        signal,
        resolve(result) {
          settled()
          resolve(result)
        },
        reject(error) {
          settled()
          reject(error)
        },
      }
      if (signal.aborted) {
        item.onLeave?.()
        reject(signal.reason)
        return
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#queue.push(entry)
      this.#tokens += item.tokens
      this.#pumpSoon()
    })
  }

  /** After the present synchronous code, so that items submitted in one go share a batch. */
  #pumpSoon(): void {
    if (this.#pumping) return
    this.#pumping = true
    queueMicrotask(() => {
      this.#pumping = false
      while (
        this.#queue.length > 0 &&
        (this.#running === 0 || (this.#running === 1 && this.#tokens >= this.#options.maxBatchTokens))
      )
        void this.#start(this.#takeBatch())
    })
  }

  #takeBatch(): Entry<Item, Result>[] {
    const { maxBatchTokens, fits } = this.#options
    const batch: Entry<Item, Result>[] = []
    const items: Item[] = []
    const left: Entry<Item, Result>[] = []
    let tokens = 0
    let full = false
    for (const entry of this.#queue) {
      full ||= items.length > 0 && tokens + entry.item.tokens > maxBatchTokens
      if (full || (items.length > 0 && !fits(items, entry.item))) {
        left.push(entry)
        continue
      }
      batch.push(entry)
      items.push(entry.item)
      tokens += entry.item.tokens
    }
    this.#queue = left
    this.#tokens -= tokens
    for (const item of items) item.onLeave?.()
    return batch
  }

  async #start(batch: Entry<Item, Result>[]): Promise<void> {
    this.#running++
    const nobody = new AbortController()
    // Texts of one call share a signal: it is followed once.
    const waiting = new Set(batch.map(({ signal }) => signal))
    const leave = (event: Event) => {
      waiting.delete(event.target as AbortSignal)
      if (waiting.size === 0) nobody.abort()
    }
    for (const signal of [...waiting]) signal.addEventListener('abort', leave, { once: true })
    try {
      const results = await this.#options.run(
        batch.map(({ item }) => item),
        nobody.signal,
      )
      for (const [i, { resolve }] of batch.entries()) resolve(results[i]!)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      for (const { signal } of batch) signal.removeEventListener('abort', leave)
      this.#running--
      this.#pumpSoon()
    }
  }
}
