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
  /** Texts a second of each round, from 64 clients through our batcher; none of transformers and OpenVINO. */
  readonly #rates: number[] = []
  /** The same in batches of one size, by the size; none of ours. */
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

  /** Medians over the rounds: through our batcher, and in the side's best batches. */
  get rates(): { rate: number; size?: number }[] {
    const bySize = [...this.#bySize].map(([size, rates]) => ({ size, rate: median(rates) }))
    const best = bySize.sort((a, b) => b.rate - a.rate).slice(0, 1)
    return [...(this.#rates.length > 0 ? [{ rate: median(this.#rates) }] : []), ...best]
  }

  async run(worker: Worker): Promise<void> {
    const ask = async (request: object): Promise<[rate: number, answer: Answer]> => {
      const answer = await worker.ask<Answer>(request)
      return [(1000 * this.texts.length) / answer.milliseconds, answer]
    }
    const concurrency = 64
    if (!/^(transformers|openvino)/.test(this.side)) {
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
    return this.rates.map(({ rate, size }) => rate.toFixed(1) + (size === undefined ? '' : ` of ${size}`))
  }
}

export const isOnnx = (side: string) => side.startsWith('onnxruntime')

export function at(sorted: readonly number[], share: number): string {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!.toFixed(1)
}

function inBatches(rows: readonly number[][], size: number): number[][][] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => rows.slice(i * size, (i + 1) * size))
}
