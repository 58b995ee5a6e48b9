import { TorchLoraError } from '../errors.ts'

/** Counts what waits, up to a limit: beyond it callers are refused at once, or wait for room if they say so. */
export class Admission {
  #waiting = 0
  readonly #queue: { count: number; enter: () => void }[] = []

  constructor(readonly limit: number) {}

  /** How many hold a place. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * Takes `count` places.
   * @throws TorchLoraError QUEUE_FULL when there are not so many, INVALID_ARGUMENT when there never are
   */
  enter(count: number): void {
    this.#check(count)
    if (this.#waiting + count > this.limit || this.#queue.length > 0)
      throw new TorchLoraError(
        'QUEUE_FULL',
        `The queue is full: ${this.#waiting} texts wait and at most ${this.limit} may, so there is no room for ${count} more. Try again later, raise maxQueue, or use classifyAll, which waits for room.`,
      )
    this.#waiting += count
  }

  /** Takes `count` places as soon as there are so many, first come, first served. */
  async enterWhenFree(count: number, signal: AbortSignal): Promise<void> {
    this.#check(count)
    if (this.#queue.length === 0 && this.#waiting + count <= this.limit) {
      this.#waiting += count
      return
    }
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#queue.splice(this.#queue.indexOf(entry), 1)
        reject(signal.reason)
        this.#admit()
      }
      const entry = {
        count,
        enter: () => {
          signal.removeEventListener('abort', leave)
          resolve()
        },
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#queue.push(entry)
    })
  }

  /** Gives `count` places back. */
  leave(count: number): void {
    this.#waiting -= count
    this.#admit()
  }

  #admit(): void {
    for (let next = this.#queue[0]; next && this.#waiting + next.count <= this.limit; next = this.#queue[0]) {
      this.#queue.shift()
      this.#waiting += next.count
      next.enter()
    }
  }

  #check(count: number): void {
    if (count > this.limit)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `${count} texts in one call never fit into a queue of ${this.limit}: split the call, raise maxQueue, or use classifyAll.`,
      )
  }
}
