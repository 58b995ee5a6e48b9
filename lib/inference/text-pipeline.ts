import { type BatchItem, fitsBatch } from './batches.ts'
import {
  type Classification,
  type ClassifyOptions,
  checkLongText,
  checkWhole,
  type TextClassifierOptions,
  type Timings,
} from './classifier-options.ts'
import { deadline, orAborted } from './deadline.ts'
import { decodeLogits, rankLabels } from './decode.ts'
import { encodeTexts, tokensOf } from './encode-texts.ts'
import type { Engine, HeldAdapter } from './engine.ts'
import type { ClassifierInput } from './inputs.ts'
import { Scheduler } from './scheduler.ts'
import { traced } from './tracing.ts'

/** A call's options, and the model that it meets: the one that was there when it began. */
export interface PipelineCall extends ClassifyOptions {
  engine: Engine
  maxLength: number
  signal: AbortSignal
}

/** From texts to classifications: tokens, windows of long texts, batches that calls share, labels. */
export class TextPipeline {
  readonly #options: TextClassifierOptions
  readonly #scheduler: Scheduler<BatchItem, Float32Array>
  readonly #leave: (places: number) => void

  constructor({
    options,
    maxBatchTokens,
    leave,
  }: {
    options: TextClassifierOptions
    maxBatchTokens: number
    /** Gives places in the queue back. */
    leave: (places: number) => void
  }) {
    this.#options = options
    this.#leave = leave
    this.#scheduler = new Scheduler({
      maxBatchTokens,
      fits: fitsBatch,
      run: async (items, signal) => {
        const began = performance.now()
        const logits = await items[0]!.engine.run(items, signal)
        options.onBatch?.({
          texts: items.length,
          tokens: items.reduce((sum, { tokens }) => sum + tokens, 0),
          milliseconds: performance.now() - began,
        })
        return logits
      },
    })
  }

  /**
   * Classifies inputs that have been admitted, in a span that says what ran and where the time went, and gives their
   * places back.
   * @throws TorchLoraError as `TextClassifier.classify`
   */
  run(inputs: readonly ClassifierInput[], call: PipelineCall): Promise<Classification[]> {
    const attributes = { 'torch_lora.texts': inputs.length, 'torch_lora.adapter': call.adapter }
    return traced('torch-lora.classify', attributes, (span) => {
      const onTimings = (timings: Timings) => {
        for (const [name, value] of Object.entries(timings))
          span.setAttribute(name === 'tokens' ? 'torch_lora.tokens' : `torch_lora.${name}_ms`, value)
        call.onTimings?.(timings)
      }
      return this.#run(inputs, { ...call, onTimings })
    })
  }

  async #run(
    inputs: readonly ClassifierInput[],
    { engine, maxLength, ...call }: PipelineCall,
  ): Promise<Classification[]> {
    let places = inputs.length
    const leave = (count: number) => {
      const left = Math.min(count, places)
      places -= left
      this.#leave(left)
    }
    using own = deadline({ signal: call.signal })
    const { signal } = own
    engine.hold()
    let adapter: HeldAdapter | null = null
    try {
      signal.throwIfAborted()
      checkWhole('topK', call.topK)
      adapter = engine.adapter(call.adapter)
      adapter?.hold()
      const began = performance.now()
      const texts = await orAborted(
        encodeTexts(engine, inputs, {
          maxLength,
          longText: checkLongText(call.longText ?? this.#options.longText),
          truncationSide: call.truncationSide,
          windowOverlap: this.#options.windowOverlap,
        }),
        signal,
      )
      const encoded = performance.now()
      let started = Number.POSITIVE_INFINITY
      const logits = await Promise.all(
        texts.map((encoding) => {
          const windows = [encoding, ...encoding.overflow]
          let waiting = windows.length
          const onLeave = () => {
            started = Math.min(started, performance.now())
            if (--waiting === 0) leave(1)
          }
          return Promise.all(
            windows.map((sequence) =>
              this.#scheduler.submit(
                { engine, adapter, sequence, tokens: sequence.ids.length, onLeave },
                signal,
              ),
            ),
          )
        }),
      )
      call.onTimings?.({
        tokens: texts.reduce((sum, text) => sum + tokensOf(text), 0),
        tokenization: encoded - began,
        queue: texts.length > 0 ? started - encoded : 0,
        inference: texts.length > 0 ? performance.now() - started : 0,
      })
      const { task } = adapter?.value ?? engine.model
      return logits.map((windows, i): Classification => {
        const row = meanRow(windows)
        return {
          ...decodeLogits(row, task),
          scores: rankLabels(row, task, { topK: call.topK }),
          labels: task.labels,
          tokens: tokensOf(texts[i]!),
          truncated: texts[i]!.truncated && texts[i]!.overflow.length === 0,
        }
      })
    } finally {
      own.abort() // after a failure of one text the others are of no use
      adapter?.letGo()
      engine.letGo()
      leave(places)
    }
  }
}

function meanRow(rows: readonly Float32Array[]): number[] {
  return Array.from(rows[0]!, (_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length)
}
