/** How many rows are worked on together, and how many may be ahead of the reader. */
export interface StreamOptions<Row> {
  /** Rows that begin together at most. */
  chunk: number
  /** Rows taken from the source and not yet handed out, at most. */
  ahead: number
  /** What a row counts in `chunk`. Default 1. */
  weigh?: (row: Row) => number
  /** Ends it, even while the source gives nothing. */
  signal: AbortSignal
}

const paused = Symbol('paused')

/**
 * What `work` makes of `rows`, in order, each as soon as it is there and those before it are: rows begin together while
 * the source gives them without a pause, and never wait for its end. No more rows are taken than `ahead`, however
 * slowly results are read.
 * @param work is told the number of the chunk's first row
 */
export async function* mapRows<Row, Out>(
  rows: Iterable<Row> | AsyncIterable<Row>,
  work: (chunk: Row[], first: number) => Promise<readonly Out[]>,
  { chunk, ahead, weigh = () => 1, signal }: StreamOptions<Row>,
): AsyncGenerator<Out, void, undefined> {
  const ready: Promise<readonly Out[]>[] = []
  let wake: () => void = () => {}
  const change = () =>
    new Promise<void>((resolve) => {
      wake = resolve
    })
  const readers: (() => void)[] = []
  let gathered: Row[] = []
  let weight = 0
  let taken = 0
  let given = 0
  let ended = false
  const put = (results: Promise<readonly Out[]>) => {
    results.catch(() => {}) // thrown where it is awaited, in order
    ready.push(results)
    wake()
  }
  const flush = () => {
    if (gathered.length > 0) put(work(gathered, taken - gathered.length))
    gathered = []
    weight = 0
  }
  const abort = () => {
    put(Promise.reject(signal.reason))
    ended = true
  }
  signal.addEventListener('abort', abort, { once: true })

  const source = Symbol.asyncIterator in rows ? rows[Symbol.asyncIterator]() : null
  const plain = source ? null : (rows as Iterable<Row>)[Symbol.iterator]()
  let asked = false
  const pump = async () => {
    try {
      while (!ended) {
        if (taken - given >= ahead) {
          flush()
          await new Promise<void>((resolve) => readers.push(resolve))
          continue
        }
        asked = true
        const next = source ? source.next() : plain!.next()
        let step = gathered.length > 0 && source ? await Promise.race([next, pause()]) : await next
        if (step === paused) {
          flush()
          step = await next
        }
        asked = false
        const { done, value } = step as IteratorResult<Row>
        if (done || ended) break
        const own = weigh(value)
        if (weight + own > chunk) flush()
        gathered.push(value)
        taken++
        weight += own
        if (weight >= chunk) flush()
      }
      if (!ended) flush()
    } catch (error) {
      flush()
      put(Promise.reject(error))
    }
    ended = true
    wake()
  }
  void pump()
  try {
    for (;;) {
      while (ready.length === 0) {
        if (ended) return
        await change()
      }
      for (const result of await ready.shift()!) {
        yield result
        given++
        for (const go of readers.splice(0)) go()
      }
    }
  } finally {
    ended = true
    signal.removeEventListener('abort', abort)
    for (const go of readers.splice(0)) go()
    // A source that is asked for a row gives it first: nobody waits for that.
    const left = source ? source.return?.() : plain!.return?.()
    if (!asked) await left
    else Promise.resolve(left).catch(() => {})
  }
}

/** Until what is ready has had its turn. */
function pause(): Promise<typeof paused> {
  return new Promise((resolve) => setImmediate(() => resolve(paused)))
}
