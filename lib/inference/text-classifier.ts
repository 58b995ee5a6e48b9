import { TorchLoraError } from '../errors.ts'
import type { ClassifierConfig } from '../models/config.ts'
import type { Device, DType } from '../tensor.ts'
import { Admission } from './admission.ts'
import { type BatchItem, fitsBatch } from './batches.ts'
import {
  type Classification,
  type ClassifyOptions,
  checkLongText,
  checkWhole,
  type TextClassifierOptions,
  type Timings,
} from './classifier-options.ts'
import { type Deadline, deadline, orAborted } from './deadline.ts'
import { decodeLogits, rankLabels } from './decode.ts'
import { encodeTexts, tokensOf } from './encode-texts.ts'
import { Engine, type EngineOptions, type HeldAdapter } from './engine.ts'
import { type ClassifierInput, tokenizerInput } from './inputs.ts'
import { Scheduler } from './scheduler.ts'
import { traced } from './tracing.ts'
import { warmUp } from './warm-up.ts'

/** Texts of `classifyAll` that are tokenized together, and how many such groups are under way. */
const chunkTexts = 32
const chunksAhead = 4

/**
 * A classifier to hold in a server: tokenizes in a worker, packs whatever requests are there into batches without
 * padding, and runs them on the executor's thread, so that the event loop stays free.
 */
export class TextClassifier implements AsyncDisposable {
  #engine: Engine
  readonly #options: TextClassifierOptions
  readonly #admission: Admission
  readonly #scheduler: Scheduler<BatchItem, Float32Array>
  readonly #calls = new Set<Promise<unknown>>()
  #closed: Promise<void> | undefined

  private constructor(engine: Engine, options: TextClassifierOptions) {
    this.#engine = engine
    this.#options = options
    this.#admission = new Admission(options.maxQueue ?? 512)
    this.#scheduler = new Scheduler({
      maxBatchTokens: this.maxBatchTokens,
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
   * Loads a model folder or hub id with its tokenizer. `adapter` is merged into the weights; `adapters` stay apart and
   * are chosen by each call.
   * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE, UNSUPPORTED, NETWORK, INVALID_ARGUMENT for an
   * option out of range
   */
  static async load(dirOrId: string, options: TextClassifierOptions = {}): Promise<TextClassifier> {
    for (const name of ['maxBatchTokens', 'maxQueue', 'maxLength'] as const) checkWhole(name, options[name])
    checkLongText(options.longText)
    const { engine, hasHead } = await loadEngine(dirOrId, options)
    const classifier = new TextClassifier(engine, options)
    try {
      if (!hasHead)
        throw new TorchLoraError(
          'INCOMPATIBLE',
          `${dirOrId} has no trained classification head, so its answers would be random: train one, or give an adapter.`,
        )
      if (options.warmUp ?? true) {
        const { maxLength, maxBatchTokens } = classifier
        await warmUp(engine, { maxLength, maxBatchTokens, signal: options.signal })
      }
    } catch (thrown) {
      await classifier.close()
      throw thrown
    }
    return classifier
  }

  /** The folder or hub id of the model. */
  get source(): string {
    return this.#engine.source
  }

  /** What `config.json` says: labels, problem type, sizes. */
  get config(): ClassifierConfig {
    return this.#engine.model.config
  }

  get device(): Device {
    return this.#engine.model.device
  }

  get dtype(): DType {
    return this.#engine.dtype
  }

  /** Tokens of a text at most. */
  get maxLength(): number {
    const { model, tokenizer } = this.#engine
    return Math.min(this.#options.maxLength ?? model.maxLength, model.maxLength, tokenizer.modelMaxLength)
  }

  get maxBatchTokens(): number {
    return this.#options.maxBatchTokens ?? (this.device === 'cpu' ? 512 : 16384)
  }

  get maxQueue(): number {
    return this.#admission.limit
  }

  /** Texts that wait now. */
  get waiting(): number {
    return this.#admission.waiting
  }

  /** Whether the model answers by itself; if not, every call names an adapter. */
  get hasHead(): boolean {
    return this.#engine.hasHead
  }

  /** The adapter merged into the weights, if any. */
  get mergedAdapter(): string | undefined {
    return this.#engine.merged
  }

  /** The adapters that a call may name. */
  get adapters(): {
    name: string
    source: string
    labels: readonly string[]
    problemType: ClassifierConfig['problemType']
    r: number
    parameters: number
  }[] {
    return Array.from(this.#engine.adapters, ([name, { value }]) => {
      const { source, labels, problemType, r, parameters } = value
      return { name, source, labels, problemType, r, parameters }
    })
  }

  /** The tokens of a text as the model reads it, special tokens included. */
  tokenize(input: ClassifierInput): Promise<{ id: number; text: string; special: boolean }[]> {
    return this.#track(async () => {
      const { tokenizer } = this.#engine
      const { ids } = await tokenizer.encode(tokenizerInput(input, 0), { maxLength: this.maxLength })
      const texts = await tokenizer.idsToTokens(ids)
      const special = new Set(Object.values(tokenizer.specialTokens).map((token) => token.id))
      return Array.from(ids, (id, i) => ({ id, text: texts[i] ?? '', special: special.has(id) }))
    })
  }

  /**
   * Classifies a text or a pair `{text, textPair}`, or an array of them (in which `[text, textPair]` is a pair too).
   * @returns one result, or as many as there are inputs, in their order
   * @throws TorchLoraError QUEUE_FULL at once when too many wait, ABORTED on a signal or timeout, DISPOSED after
   * close(), TOO_LONG, INVALID_ARGUMENT, OUT_OF_MEMORY, NATIVE
   */
  classify(
    input: string | { text: string; textPair?: string },
    options?: ClassifyOptions,
  ): Promise<Classification>
  classify(inputs: readonly ClassifierInput[], options?: ClassifyOptions): Promise<Classification[]>
  async classify(
    input: ClassifierInput | readonly ClassifierInput[],
    options: ClassifyOptions = {},
  ): Promise<Classification | Classification[]> {
    const many = Array.isArray(input)
    const inputs: readonly ClassifierInput[] = many ? input : [input as ClassifierInput]
    using limit = deadline(options)
    const results = await this.#track(() => {
      this.#admission.enter(inputs.length)
      return this.#traced(inputs, options, limit)
    })
    return many ? results : results[0]!
  }

  /**
   * Classifies any number of inputs, in order. Takes more of them only as results are taken from it and as the queue
   * has room, so that neither an endless source nor a slow reader fills the memory.
   * @throws TorchLoraError as `classify`, but never QUEUE_FULL
   */
  async *classifyAll(
    inputs: Iterable<ClassifierInput> | AsyncIterable<ClassifierInput>,
    options: ClassifyOptions = {},
  ): AsyncGenerator<Classification, void, undefined> {
    using limit = deadline(options)
    const ahead: Promise<Classification[]>[] = []
    const start = (chunk: ClassifierInput[]) => {
      const results = this.#track(async () => {
        await this.#admission.enterWhenFree(chunk.length, limit.signal)
        return this.#traced(chunk, options, limit)
      })
      results.catch(() => {}) // thrown where it is awaited, in order
      ahead.push(results)
    }
    const size = Math.min(chunkTexts, this.maxQueue)
    try {
      let chunk: ClassifierInput[] = []
      for await (const input of inputs) {
        chunk.push(input)
        if (chunk.length < size) continue
        start(chunk)
        chunk = []
        if (ahead.length === chunksAhead) yield* await ahead.shift()!
      }
      if (chunk.length > 0) start(chunk)
      while (ahead.length > 0) yield* await ahead.shift()!
    } finally {
      limit.abort() // a reader that leaves early waits for nothing
    }
  }

  /**
   * Loads an adapter under a name, or puts it in the place of the one there. Calls under way end with the adapter
   * that they named; later ones get the new one.
   * @throws TorchLoraError INVALID_FILE, INCOMPATIBLE, UNSUPPORTED; the old adapter stays
   */
  loadAdapter(name: string, dirOrFile: string, options: { loraAlpha?: number } = {}): Promise<void> {
    return this.#track(() => this.#engine.loadAdapter(name, dirOrFile, options))
  }

  /** Takes an adapter away. Calls under way still end with it. */
  unloadAdapter(name: string): void {
    this.#engine.unloadAdapter(name)
  }

  /**
   * Puts another model in the place of this one. It is loaded beside the old one, which answers meanwhile; then new
   * calls meet the new model, and the old one goes when its last call has ended.
   * @throws TorchLoraError as `load`; the old model stays
   */
  swap(
    dirOrId: string,
    options: EngineOptions & { adapters?: Readonly<Record<string, string>> } = {},
  ): Promise<void> {
    return this.#track(async () => {
      const { engine, hasHead } = await loadEngine(dirOrId, {
        device: this.#options.device,
        dtype: this.#options.dtype,
        cudaGraphs: this.#options.cudaGraphs,
        ...options,
      })
      if (!hasHead) {
        await engine.retire()
        throw new TorchLoraError(
          'INCOMPATIBLE',
          `${dirOrId} has no trained classification head: the model stays as it is.`,
        )
      }
      const before = this.#engine
      this.#engine = engine
      void before.retire()
    })
  }

  /** Refuses new calls, waits for those under way, and frees the model. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      await Promise.allSettled(this.#calls)
      await this.#engine.retire()
    })()
    return this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #track<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new TorchLoraError('DISPOSED', 'This classifier is closed; load it again.')
    const call = work()
    this.#calls.add(call)
    try {
      return await call
    } finally {
      this.#calls.delete(call)
    }
  }

  /** `#run` in a span that says what ran and where the time went. */
  #traced(
    inputs: readonly ClassifierInput[],
    options: ClassifyOptions,
    limit: Deadline,
  ): Promise<Classification[]> {
    const attributes = { 'torch_lora.texts': inputs.length, 'torch_lora.adapter': options.adapter }
    return traced('torch-lora.classify', attributes, (span) => {
      const onTimings = (timings: Timings) => {
        for (const [name, value] of Object.entries(timings))
          span.setAttribute(name === 'tokens' ? 'torch_lora.tokens' : `torch_lora.${name}_ms`, value)
        options.onTimings?.(timings)
      }
      return this.#run(inputs, { ...options, onTimings }, limit)
    })
  }

  /** Classifies inputs that have been admitted, and gives their places back. */
  async #run(
    inputs: readonly ClassifierInput[],
    options: ClassifyOptions,
    call: Deadline,
  ): Promise<Classification[]> {
    const engine = this.#engine
    let places = inputs.length
    const leave = (count: number) => {
      const left = Math.min(count, places)
      places -= left
      this.#admission.leave(left)
    }
    using own = deadline({ signal: call.signal })
    const { signal } = own
    engine.hold()
    let adapter: HeldAdapter | null = null
    try {
      signal.throwIfAborted()
      checkWhole('topK', options.topK)
      adapter = engine.adapter(options.adapter)
      adapter?.hold()
      const began = performance.now()
      const texts = await orAborted(
        encodeTexts(engine, inputs, {
          maxLength: this.maxLength,
          longText: checkLongText(options.longText ?? this.#options.longText),
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
      options.onTimings?.({
        tokens: texts.reduce((sum, text) => sum + tokensOf(text), 0),
        tokenization: encoded - began,
        queue: texts.length > 0 ? started - encoded : 0,
        inference: texts.length > 0 ? performance.now() - started : 0,
      })
      const { labels, problemType } = adapter?.value ?? engine.model.config
      return logits.map((windows, i): Classification => {
        const row = meanRow(windows)
        return {
          ...decodeLogits(row, problemType, labels),
          scores: rankLabels(row, problemType, labels, options.topK),
          labels,
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

async function loadEngine(
  dirOrId: string,
  { adapters = {}, ...options }: EngineOptions & { adapters?: Readonly<Record<string, string>> },
): Promise<{ engine: Engine; hasHead: boolean }> {
  const engine = await Engine.load(dirOrId, options)
  try {
    for (const [name, source] of Object.entries(adapters))
      await engine.loadAdapter(name, source, { loraAlpha: options.loraAlpha })
    return { engine, hasHead: engine.hasHead || engine.adapters.size > 0 }
  } catch (thrown) {
    await engine.retire()
    throw thrown
  }
}

function meanRow(rows: readonly Float32Array[]): number[] {
  return Array.from(rows[0]!, (_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length)
}
