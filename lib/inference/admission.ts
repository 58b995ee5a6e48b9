import { TorchLoraError } from '../errors.ts'

/** What a call brings along. */
export interface Load {
  texts: number
  /** UTF-8 bytes of its long texts, but for the first 4096 of each. */
  bytes: number
}

/** Bytes of a text that count for nothing, so that a short text never waits because of long ones. */
const free = 4096

/** What texts bring along. */
export function loadOf(inputs: readonly unknown[]): Load {
  const bytes = inputs.reduce<number>((sum, input) => sum + Math.max(0, bytesOf(input) - free), 0)
  return { texts: inputs.length, bytes }
}

function bytesOf(input: unknown): number {
  if (typeof input === 'string') return Buffer.byteLength(input)
  return typeof input === 'object' && input !== null
    ? Object.values(input).reduce<number>((sum, part) => sum + bytesOf(part), 0)
    : 0
}

/**
 * Counts what waits, texts and bytes, up to limits: beyond them callers are refused at once, or wait for room if they
 * say so.
 */
export class Admission {
  #waiting = 0
  #bytes = 0
  readonly #queue: { load: Load; enter: () => void }[] = []
  readonly limit: number
  readonly #byteLimit: number

  constructor({ texts, bytes }: Load) {
    this.limit = texts
    this.#byteLimit = bytes
  }

  /** How many texts hold a place. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * Takes places for texts and their bytes.
   * @throws TorchLoraError QUEUE_FULL when there are not so many, INVALID_ARGUMENT when there never are
   */
  enter(load: Load): void {
    this.#check(load)
    if (load.bytes > this.#byteLimit)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `Long texts of ${load.bytes} bytes in one call never fit into a queue of ${this.#byteLimit}: split the call, raise \`maxQueueBytes\`, or stream the texts.`,
      )
    if (!this.#fits(load) || this.#queue.length > 0) {
      const long = load.bytes > 0 ? `, and ${this.#bytes} of ${this.#byteLimit} bytes of long texts` : ''
      throw new TorchLoraError(
        'QUEUE_FULL',
        `The queue is full: ${this.#waiting} texts wait and at most ${this.limit} may${long}, so there is no room for ${load.texts} more. Try again later, raise \`${this.#waiting + load.texts > this.limit ? 'maxQueue' : 'maxQueueBytes'}\`, or stream the texts, which waits for room.`,
      )
    }
    this.#take(load)
  }

  /** Takes places as soon as there are so many, first come, first served; a load of more than fit goes alone. */
  async enterWhenFree(load: Load, signal: AbortSignal): Promise<void> {
    if (this.#queue.length === 0 && this.#fits(load)) {
      this.#take(load)
      return
    }
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#queue.splice(this.#queue.indexOf(entry), 1)
        reject(signal.reason)
        this.#admit()
      }
      const entry = {
        load,
        enter: () => {
          signal.removeEventListener('abort', leave)
          resolve()
        },
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#queue.push(entry)
    })
  }

  /** Gives places back: of texts as each begins to run, of bytes when their call ends. */
  leave({ texts = 0, bytes = 0 }: Partial<Load>): void {
    this.#waiting -= texts
    this.#bytes -= bytes
    this.#admit()
  }

  #fits({ texts, bytes }: Load): boolean {
    const roomForBytes = bytes === 0 || this.#bytes === 0 || this.#bytes + bytes <= this.#byteLimit
    const roomForTexts = this.#waiting === 0 || this.#waiting + texts <= this.limit
    return roomForTexts && roomForBytes
  }

  #take({ texts, bytes }: Load): void {
    this.#waiting += texts
    this.#bytes += bytes
  }

  #admit(): void {
    for (let next = this.#queue[0]; next && this.#fits(next.load); next = this.#queue[0]) {
      this.#queue.shift()
      this.#take(next.load)
      next.enter()
    }
  }

  #check({ texts }: Load): void {
    if (texts > this.limit)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `${texts} texts in one call never fit into a queue of ${this.limit}: split the call, raise \`maxQueue\`, or stream the texts.`,
      )
  }
}
