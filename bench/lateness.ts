/** How late a 5 ms interval timer of the main thread fires. It does not keep the process alive. */
export class Lateness {
  readonly #late: number[] = []

  constructor(interval = 5) {
    let last = performance.now()
    setInterval(() => {
      const now = performance.now()
      this.#late.push(Math.max(0, now - last - interval))
      last = now
    }, interval).unref()
  }

  /** Milliseconds late, sorted, since the last call. */
  take(): number[] {
    return this.#late.splice(0).sort((a, b) => a - b)
  }
}
