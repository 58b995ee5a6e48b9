import { TorchLoraError } from '../errors.ts'
import type { ClassifierConfig } from '../models/config.ts'
import type { Device, DType } from '../tensor.ts'
import type { Encoding } from '../tokenizer/index.ts'
import { Admission } from './admission.ts'
import { type Deadline, deadline, orAborted } from './deadline.ts'
import { decodeLogits, type LabelScore, type Prediction, rankLabels } from './decode.ts'
import { Engine, type EngineItem, type EngineOptions, type HeldAdapter } from './engine.ts'
import { type ClassifierInput, tokenizerInput } from './inputs.ts'
import { Scheduler } from './scheduler.ts'
import { traced } from './tracing.ts'

/** What becomes of a text with more tokens than the model takes. */
export type LongText = 'truncate' | 'windows' | 'refuse'

export interface TextClassifierOptions extends EngineOptions {
  /** Further adapters over the same base model, by the name that requests use. */
  adapters?: Readonly<Record<string, string>>
  /** Tokens that run together at most. Default 512 on the CPU, where more gains nothing, and 16384 on CUDA. */
  maxBatchTokens?: number
  /** Texts that may wait, those being tokenized included. Default 512. */
  maxQueue?: number
  /** Tokens of a text at most, special tokens included. Default, and upper bound: what the model takes. */
  maxLength?: number
  /**
   * 'truncate' (default) cuts a long text; 'windows' runs overlapping windows and takes the mean of their logits
   * (pairs are cut all the same); 'refuse' fails with TOO_LONG.
   */
  longText?: LongText
  /** Tokens that neighbouring windows share. Default: a quarter of maxLength, at most 64. */
  windowOverlap?: number
  /** Run a full batch before the first request, so that it meets warm caches. Default true. */
  warmUp?: boolean
  /** Called after each batch. */
  onBatch?: (batch: BatchReport) => void
}

export interface BatchReport {
  texts: number
  tokens: number
  milliseconds: number
}

export interface ClassifyOptions {
  /** An adapter by its name; without one, the model itself. */
  adapter?: string
  /** Labels in `scores` at most. Default: all. */
  topK?: number
  longText?: LongText
  /** Aborting drops what still waits. */
  signal?: AbortSignal
  /** Time for the whole call, in ms. */
  timeoutMs?: number
  /** Called when the call has succeeded. */
  onTimings?: (timings: Timings) => void
}

/** Where the time of a call went, in ms, and what it ran. */
export interface Timings {
  tokens: number
  tokenization: number
  /** Until the first text began to run. */
  queue: number
  /** From there until the last had run. */
  inference: number
}

/** What a classifier says of one text. */
export interface Classification extends Prediction {
  /** Labels with their probabilities, best first. */
  scores: LabelScore[]
  /** The names of the logits, in their order. */
  labels: readonly string[]
  /** Tokens that the model read, special tokens included. */
  tokens: number
  /** Whether the text was longer than that. */
  truncated: boolean
}

interface Item extends EngineItem {
  engine: Engine
  tokens: number
  onLeave(): void
}

/** Adapters that may share a batch: each costs some small products a layer. */
const maxAdaptersABatch = 8

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
  readonly #scheduler: Scheduler<Item, Float32Array>
  readonly #calls = new Set<Promise<unknown>>()
  #closed: Promise<void> | undefined

  private constructor(engine: Engine, options: TextClassifierOptions) {
    this.#engine = engine
    this.#options = options
    this.#admission = new Admission(options.maxQueue ?? 512)
    this.#scheduler = new Scheduler({
      maxBatchTokens: this.maxBatchTokens,
      fits: (batch, item) => fitsBatch(batch, item),
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
      if (options.warmUp ?? true) await classifier.#warmUp()
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
      const texts = await orAborted(this.#encode(engine, inputs, options), signal)
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

  async #encode(
    engine: Engine,
    inputs: readonly ClassifierInput[],
    options: ClassifyOptions,
  ): Promise<Encoding[]> {
    const { tokenizer, model } = engine
    const maxLength = this.maxLength
    const texts = inputs.map(tokenizerInput)
    const longText = checkLongText(options.longText ?? this.#options.longText)
    const encodings = await tokenizer.encodeBatch(texts, { maxLength })
    if (tokenizer.vocabSize > model.config.vocabSize) checkIds(encodings, model.config.vocabSize)
    const long = encodings.flatMap(({ truncated }, i) => (truncated ? [i] : []))
    if (longText === 'refuse' && long.length > 0)
      throw new TorchLoraError(
        'TOO_LONG',
        `Input ${long[0]} has more than ${maxLength} tokens: shorten it, or allow truncation.`,
      )
    const single = long.filter((i) => typeof texts[i] === 'string')
    if (longText === 'windows' && single.length > 0) {
      const stride = this.#options.windowOverlap ?? Math.min(64, Math.floor(maxLength / 4))
      const windows = await tokenizer.encodeBatch(
        single.map((i) => texts[i]!),
        { maxLength, stride },
      )
      for (const [k, i] of single.entries()) encodings[i] = windows[k]!
    }
    return encodings
  }

  /** A text of few tokens and a batch of many, through all that a request meets. */
  async #warmUp(): Promise<void> {
    const engine = this.#engine
    const { signal } = this.#options
    using limit = deadline({ signal })
    const length = Math.min(this.maxLength, 64)
    const adapters = [...engine.adapters.values()].slice(0, maxAdaptersABatch)
    const own = engine.hasHead ? [null] : []
    const run = (tokens: number, of: readonly (HeldAdapter | null)[]) => {
      const sequence = { ids: new Int32Array(tokens), typeIds: new Int32Array(tokens) }
      return engine.run(
        of.map((adapter) => ({ sequence, adapter })),
        limit.signal,
      )
    }
    // A mixture of adapters is recorded when it is first met, which takes the event loop some milliseconds.
    const mixtures = adapters.flatMap((_, i) => {
      const some = adapters.slice(0, i + 1)
      return own.length > 0 ? [some, [...own, ...some]] : [some]
    })
    for (const mixture of own.length > 0 ? [own, ...mixtures] : mixtures)
      if (mixture.length <= maxAdaptersABatch) await run(2, mixture)
    const fill = Math.max(1, Math.min(64, Math.floor(this.maxBatchTokens / length)))
    await run(
      length,
      Array.from({ length: fill }, () => own[0] ?? adapters[0]!),
    )
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

/** One model a batch, and few adapters. */
function fitsBatch(batch: readonly Item[], item: Item): boolean {
  if (item.engine !== batch[0]!.engine) return false
  const adapters = new Set(batch.map(({ adapter }) => adapter))
  return adapters.has(item.adapter) || adapters.size < maxAdaptersABatch
}

function tokensOf({ ids, overflow }: Encoding): number {
  return overflow.reduce((sum, window) => sum + window.ids.length, ids.length)
}

function meanRow(rows: readonly Float32Array[]): number[] {
  return Array.from(rows[0]!, (_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length)
}

function checkLongText(value: LongText = 'truncate'): LongText {
  if (['truncate', 'windows', 'refuse'].includes(value)) return value
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `longText: expected 'truncate', 'windows' or 'refuse', received '${value}'.`,
  )
}

function checkWhole(name: string, value: number | undefined): void {
  if (value !== undefined && (!Number.isInteger(value) || value < 1))
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `${name}: expected a whole number above 0, received ${value}.`,
    )
}

/** An id outside the embeddings would fail the whole batch it is in. */
function checkIds(encodings: readonly Encoding[], vocabSize: number): void {
  for (const [i, { ids }] of encodings.entries()) {
    const outside = ids.find((id) => id >= vocabSize)
    if (outside !== undefined)
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `Input ${i} has token ${outside}, but the model knows ${vocabSize}: tokenizer and model do not belong together.`,
      )
  }
}
