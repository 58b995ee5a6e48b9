import type { ModelInput, Task } from '../tasks/task.ts'
import type { Encoding } from '../tokenizer/index.ts'
import { type BatchItem, fitsBatch } from './batches.ts'
import { deadline, orAborted } from './deadline.ts'
import { tokensOf } from './encode-texts.ts'
import type { Engine, HeldAdapter } from './engine.ts'
import { tell } from './observe.ts'
import type { BatchReport, Timings } from './options.ts'
import { Scheduler } from './scheduler.ts'
import { traced } from './tracing.ts'

/** A window of a text, and what of its outputs is wanted. */
export type EncodedWindow = Encoding & ModelInput

/** A request as the model reads it: of each of its texts, the windows (one, where the text is short). */
export interface EncodedRequest {
  texts: readonly (readonly EncodedWindow[])[]
}

/** A call on its way: the model that it meets is the one that was there when it began. */
export interface PipelineCall<T extends Task, Encoded extends EncodedRequest, Result> {
  /** What it is called in traces: "classify". */
  verb: string
  engine: Engine<T>
  adapter?: string | undefined
  signal: AbortSignal
  /** Places that its texts hold in the queue. */
  places: number
  onTimings?: ((timings: Timings) => void) | undefined
  encode(): Promise<readonly Encoded[]>
  /** @param outputs of each text, of each window: its rows, row-major */
  decode(encoded: Encoded, outputs: readonly (readonly Float32Array[])[], task: T): Result | Promise<Result>
}

/** From requests to results: tokens, windows of long texts, batches that calls share, what the outputs mean. */
export class TextPipeline {
  readonly #scheduler: Scheduler<BatchItem, Float32Array>
  readonly #leave: (places: number) => void

  constructor({
    onBatch,
    maxBatchTokens,
    leave,
  }: {
    onBatch: ((batch: BatchReport) => void) | undefined
    maxBatchTokens: number
    /** Gives places in the queue back. */
    leave: (places: number) => void
  }) {
    this.#leave = leave
    this.#scheduler = new Scheduler({
      maxBatchTokens,
      fits: fitsBatch,
      run: async (items, signal) => {
        const began = performance.now()
        const outputs = await items[0]!.engine.run(items, signal)
        const tokens = items.reduce((sum, item) => sum + item.tokens, 0)
        const milliseconds = performance.now() - began
        tell('batch', { texts: items.length, tokens, milliseconds }, onBatch)
        return outputs
      },
    })
  }

  /**
   * Answers requests that have been admitted, in a span that says what ran and where the time went, and gives their
   * places back.
   */
  run<T extends Task, Encoded extends EncodedRequest, Result>(
    call: PipelineCall<T, Encoded, Result>,
  ): Promise<Result[]> {
    const attributes = { 'torch_lora.texts': call.places, 'torch_lora.adapter': call.adapter }
    return traced(`torch-lora.${call.verb}`, attributes, async (span) => {
      const { results, timings } = await this.#run(call)
      for (const [name, value] of Object.entries(timings))
        span.setAttribute(name === 'tokens' ? 'torch_lora.tokens' : `torch_lora.${name}_ms`, value)
      tell('call', timings, call.onTimings)
      return results
    })
  }

  async #run<T extends Task, Encoded extends EncodedRequest, Result>({
    engine,
    ...call
  }: PipelineCall<T, Encoded, Result>): Promise<{ results: Result[]; timings: Timings }> {
    let { places } = call
    const leave = (count: number) => {
      const left = Math.min(count, places)
      places -= left
      this.#leave(left)
    }
    using own = deadline({ signal: call.signal })
    const { signal } = own
    engine.hold()
    let adapter: HeldAdapter<T> | null = null
    try {
      signal.throwIfAborted()
      adapter = engine.adapter(call.adapter)
      adapter?.hold()
      const began = performance.now()
      const requests = await orAborted(call.encode(), signal)
      const encoded = performance.now()
      let started = Number.POSITIVE_INFINITY
      const submit = (windows: readonly EncodedWindow[]) => {
        let waiting = windows.length
        const onLeave = () => {
          started = Math.min(started, performance.now())
          if (--waiting === 0) leave(1)
        }
        return Promise.all(
          windows.map((sequence) => {
            const item = { engine, adapter, sequence, tokens: sequence.ids.length, onLeave }
            return this.#scheduler.submit(item, signal)
          }),
        )
      }
      const outputs = await Promise.all(requests.map(({ texts }) => Promise.all(texts.map(submit))))
      const ran = started < Number.POSITIVE_INFINITY
      const timings = {
        tokens: requests.reduce((sum, request) => sum + tokensOf(request), 0),
        tokenization: encoded - began,
        queue: ran ? started - encoded : 0,
        inference: ran ? performance.now() - started : 0,
      }
      const { task } = adapter?.value ?? engine.model
      const results = await Promise.all(requests.map((request, i) => call.decode(request, outputs[i]!, task)))
      return { results, timings }
    } finally {
      own.abort() // after a failure of one text the others are of no use
      adapter?.letGo()
      engine.letGo()
      leave(places)
    }
  }
}
