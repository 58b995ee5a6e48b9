import type { ProblemType } from '../data/problem-type.ts'
import type { EncoderConfig } from '../encoders/config.ts'
import { TorchLoraError } from '../errors.ts'
import type { Device, DType } from '../tensor.ts'
import { Admission, loadOf } from './admission.ts'
import { Calls } from './calls.ts'
import { mapChunks } from './chunks.ts'
import {
  type AdapterDescription,
  type Classification,
  type ClassifyOptions,
  checkLongText,
  checkWhole,
  type InputToken,
  type TextClassifierOptions,
  type TokenizeOptions,
} from './classifier-options.ts'
import { type Deadline, deadline, orAborted } from './deadline.ts'
import { type Engine, type LoadEngineOptions, loadEngine } from './engine.ts'
import { type ClassifierInput, tokenizerInput } from './inputs.ts'
import { TextPipeline } from './text-pipeline.ts'
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
  readonly #pipeline: TextPipeline
  readonly #calls = new Calls()

  private constructor(engine: Engine, options: TextClassifierOptions) {
    this.#engine = engine
    this.#options = options
    this.#admission = new Admission({
      texts: options.maxQueue ?? 512,
      bytes: options.maxQueueBytes ?? 8 * 2 ** 20,
    })
    this.#pipeline = new TextPipeline({
      options,
      maxBatchTokens: this.maxBatchTokens,
      leave: (texts) => this.#admission.leave({ texts }),
    })
  }

  /**
   * Loads a model folder or hub id with its tokenizer. `adapter` is merged into the weights; `adapters` stay apart and
   * are chosen by each call.
   * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE, UNSUPPORTED, NETWORK, INVALID_ARGUMENT for an
   * option out of range
   */
  static async load(dirOrId: string, options: TextClassifierOptions = {}): Promise<TextClassifier> {
    for (const name of ['maxBatchTokens', 'maxQueue', 'maxQueueBytes', 'maxLength'] as const)
      checkWhole(name, options[name])
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

  /** What `config.json` says of the encoder: sizes, kinds. */
  get config(): EncoderConfig {
    return this.#engine.model.config
  }

  /** The names of the model's own outputs, in their order. */
  get labels(): readonly string[] {
    return this.#engine.model.task.labels
  }

  /** What the model's own outputs mean. */
  get problemType(): ProblemType {
    return this.#engine.model.task.problemType
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
  get adapters(): AdapterDescription[] {
    return Array.from(this.#engine.adapters, ([name, { value }]) => {
      const { source, task, r, parameters } = value
      const { labels, problemType } = task
      return { name, source, labels, problemType, r, parameters }
    })
  }

  /**
   * The tokens of a text as the model reads it. `text.slice(start, end)` is what a token stands for, in the first or
   * second text of a pair; the special tokens around texts have neither.
   * @throws TorchLoraError QUEUE_FULL, ABORTED, DISPOSED, INVALID_ARGUMENT
   */
  async tokenize(input: ClassifierInput, options: TokenizeOptions = {}): Promise<InputToken[]> {
    using limit = deadline(options)
    const load = loadOf([input])
    return await this.#calls.track(async () => {
      this.#admission.enter(load)
      try {
        return await orAborted(this.#tokens(input, options), limit.signal)
      } finally {
        this.#admission.leave(load)
      }
    })
  }

  async #tokens(input: ClassifierInput, { addSpecialTokens }: TokenizeOptions): Promise<InputToken[]> {
    const { tokenizer } = this.#engine
    const texts = tokenizerInput(input, 0)
    const encoding = await tokenizer.encode(texts, {
      maxLength: this.maxLength,
      addSpecialTokens,
      offsets: true,
    })
    const names = await tokenizer.idsToTokens(encoding.ids)
    return Array.from(encoding.ids, (id, t): InputToken => {
      const sequence = encoding.sequenceIds![t]!
      if (sequence < 0) return { id, text: names[t] ?? '', special: true, sequence, start: null, end: null }
      const [start, end] = [encoding.offsets![2 * t]!, encoding.offsets![2 * t + 1]!]
      const text = typeof texts === 'string' ? texts : texts[sequence]!
      return { id, text: text.slice(start, end), special: false, sequence, start, end }
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
    const load = loadOf(inputs)
    const results = await this.#calls.track(() => {
      this.#admission.enter(load)
      return this.#run(inputs, options, limit).finally(() => this.#admission.leave({ bytes: load.bytes }))
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
    const classifyChunk = (chunk: ClassifierInput[]) =>
      this.#calls.track(async () => {
        const load = loadOf(chunk)
        await this.#admission.enterWhenFree(load, limit.signal)
        return this.#run(chunk, options, limit).finally(() => this.#admission.leave({ bytes: load.bytes }))
      })
    try {
      yield* mapChunks(inputs, classifyChunk, {
        size: Math.min(chunkTexts, this.maxQueue),
        ahead: chunksAhead,
      })
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
    return this.#calls.track(() => this.#engine.loadAdapter(name, dirOrFile, options))
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
  swap(dirOrId: string, options: LoadEngineOptions = {}): Promise<void> {
    return this.#calls.track(async () => {
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
    return this.#calls.close(() => this.#engine.retire())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Classifies inputs that have been admitted. */
  #run(
    inputs: readonly ClassifierInput[],
    options: ClassifyOptions,
    { signal }: Deadline,
  ): Promise<Classification[]> {
    const call = { ...options, engine: this.#engine, maxLength: this.maxLength, signal }
    return this.#pipeline.run(inputs, call)
  }
}
