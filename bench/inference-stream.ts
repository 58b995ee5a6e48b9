import { median, type Worker } from './worker.ts'

/** What a worker of bench/inference.ts says of a run. */
export interface Answer {
  milliseconds: number
  logits: number[][]
  /** Ascending, in milliseconds, as `late`. */
  latencies?: number[]
  late?: number[]
}

/** One side's runs over a stream of texts. */
export class Stream {
  /** From 64 clients through our batcher; of transformers undefined. */
  readonly #rates: number[] = []
  /** In batches of one size, by the size. */
  readonly #bySize = new Map<number, number[]>()
  /** Of the last run from clients, ascending. */
  latencies: number[] | undefined
  late: number[] | undefined

  constructor(
    private readonly side: string,
    private readonly texts: readonly (string | readonly [string, string])[],
    private readonly rows: readonly number[][],
    private readonly maxBatchTokens: number,
  ) {
    if (!side.startsWith('ours')) for (const size of [8, 32]) this.#bySize.set(size, [])
  }

  /** Texts a second, the median over the rounds. */
  get rate(): number | undefined {
    return this.#rates.length > 0 ? median(this.#rates) : undefined
  }

  get bestSize(): number | undefined {
    const medians = [...this.#bySize].map(([size, rates]) => [size, median(rates)] as const)
    return medians.sort((a, b) => b[1] - a[1])[0]?.[0]
  }

  get bestRate(): number | undefined {
    return this.bestSize === undefined ? undefined : median(this.#bySize.get(this.bestSize)!)
  }

  async run(worker: Worker): Promise<void> {
    const ask = async (request: object): Promise<[rate: number, answer: Answer]> => {
      const answer = await worker.ask<Answer>(request)
      return [(1000 * this.texts.length) / answer.milliseconds, answer]
    }
    const concurrency = 64
    if (this.side !== 'transformers') {
      const { texts, rows, maxBatchTokens } = this
      const [rate, answer] = await ask(
        isOnnx(this.side) ? { rows, concurrency, maxBatchTokens } : { texts, concurrency },
      )
      this.#rates.push(rate)
      this.latencies = answer.latencies
      this.late = answer.late
    }
    for (const [size, rates] of this.#bySize)
      rates.push((await ask({ batches: inBatches(this.rows, size) }))[0])
  }

  cells(): string[] {
    const best = this.bestRate ? [`${this.bestRate.toFixed(1)} of ${this.bestSize}`] : []
    return [...(this.rate ? [this.rate.toFixed(1)] : []), ...best]
  }
}

export const isOnnx = (side: string) => side.startsWith('onnxruntime')

export function at(sorted: readonly number[], share: number): string {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!.toFixed(1)
}

function inBatches(rows: readonly number[][], size: number): number[][][] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => rows.slice(i * size, (i + 1) * size))
}
