import type { EncoderConfig } from '../encoders/config.ts'
import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { type Rules, readOptions } from '../options.ts'
import type { LabelOptions } from '../tasks/label-config.ts'
import { SequenceClassification } from '../tasks/sequence-classification.ts'
import type { Task, TaskKind } from '../tasks/task.ts'
import type { Device, DType } from '../tensor.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
import { Admission, type Load, loadOf } from './admission.ts'
import { Calls } from './calls.ts'
import { type Deadline, deadline, orAborted } from './deadline.ts'
import { type EncodeTextsOptions, overlapOf } from './encode-texts.ts'
import { type Engine, type HeldAdapter, loadEngine } from './engine.ts'
import { inputTokens } from './input-tokens.ts'
import { type TextInput, tokenizerInput } from './inputs.ts'
import type { LongText } from './long-texts.ts'
import { tell } from './observe.ts'
import {
  type AdapterDescription,
  type CallOptions,
  type DetokenizeOptions,
  defaultQueueBytes,
  detokenizeRules,
  type FailedRow,
  type InputToken,
  type OnError,
  type StreamResult,
  type StreamRowOptions,
  type SwapOptions,
  streamRules,
  type TextModelOptions,
  type TokenizeOptions,
  tokenizeRules,
} from './options.ts'
import { mapRows } from './stream.ts'
import { type EncodedRequest, TextPipeline } from './text-pipeline.ts'
import { traced } from './tracing.ts'
import { warmUp } from './warm-up.ts'

/** Texts of a stream that begin together, and how many rows may be ahead of the reader. */
const chunkTexts = 32
const rowsAhead = 128

/** Errors that end a stream whatever becomes of rows: they are not a row's. */
const ending: readonly string[] = ['ABORTED', 'TIMEOUT', 'DISPOSED', 'DEVICE_LOST']

/** What a task class is told as it encodes: the model, and how long texts are treated. */
export interface EncodeContext<T extends Task, Options> extends EncodeTextsOptions {
  engine: Engine<T>
  options: Options
  /** Number of the first request among those of the caller, for messages. */
  first: number
}

/** What a task class is told as it reads outputs: `task` is the adapter's, where one was named. */
export interface DecodeContext<T extends Task, Options> {
  engine: Engine<T>
  task: T
  options: Options
}

/** What work that is no batch finds: it is there until the work has ended. */
export interface AloneContext<T extends Task> {
  engine: Engine<T>
  /** The adapter that the call names; null for the model itself. */
  adapter: HeldAdapter<T> | null
  signal: AbortSignal
  /** The call's, or else the model's. */
  longText: LongText
}

/**
 * A model to hold in a server: tokenizes in another process, packs whatever requests are there into batches without
 * padding, and runs them on the executor's thread, so that the event loop stays free. One class a task stands on it, and
 * says how requests become texts and what their outputs mean.
 */
export abstract class TextModel<
  T extends Task,
  Request,
  Result extends object,
  Options extends CallOptions = CallOptions,
> implements AsyncDisposable
{
  /** The task, by the name that `--task-type` takes. */
  abstract readonly task: string
  /** How the model and its task are read. @internal */
  protected abstract readonly kind: TaskKind<T, LabelOptions>
  /** What a call is called in traces: "classify". @internal */
  protected abstract readonly verb: string
  /** What the options of a call may be. @internal */
  protected abstract readonly callRules: Rules<Options>
  #engine: Engine<T>
  readonly #options: TextModelOptions
  readonly #admission: Admission
  readonly #pipeline: TextPipeline
  readonly #calls = new Calls()

  /** @internal */
  protected constructor(engine: Engine<T>, options: TextModelOptions) {
    this.#engine = engine
    this.#options = options
    this.#admission = new Admission({
      texts: options.maxQueue ?? 512,
      bytes: options.maxQueueBytes ?? defaultQueueBytes,
    })
    this.#pipeline = new TextPipeline({
      onBatch: options.onBatch,
      maxBatchTokens: this.maxBatchTokens,
      leave: (texts) => this.#admission.leave({ texts }),
    })
  }

  /** Requests as the sequences that the model reads. @internal */
  protected abstract encode(
    requests: readonly Request[],
    context: EncodeContext<T, Options>,
  ): Promise<readonly EncodedRequest[]>

  /** What the outputs of a request mean: of each text, of each window its rows, row-major. @internal */
  protected abstract decode(
    encoded: EncodedRequest,
    outputs: readonly (readonly Float32Array[])[],
    context: DecodeContext<T, Options>,
  ): Result | Promise<Result>

  /** The texts that a request puts into the queue, whatever it is; itself is one where a class says nothing else. @internal */
  protected textsOf(request: Request): readonly unknown[] {
    return [request]
  }

  /** What becomes of long texts where nobody says it. @internal */
  protected get defaultLongText(): LongText {
    return 'truncate'
  }

  /** Tokens of a text at most where nobody says it: fewer than the model takes, where it was made for fewer. @internal */
  protected get defaultMaxLength(): number {
    return Number.POSITIVE_INFINITY
  }

  /** What is wanted of a text's outputs as the model warms up. @internal */
  protected get warmUpRows(): readonly number[] | undefined {
    return undefined
  }

  /** @throws TorchLoraError INCOMPATIBLE for a model that this class does not answer with @internal */
  protected checkModel(_engine: Engine<T>): void {}

  /** The model ready for its first request. @internal */
  protected async ready(): Promise<this> {
    try {
      this.checkModel(this.#engine)
      if (this.#options.warmUp ?? true) {
        const { maxLength, maxBatchTokens, warmUpRows: rows } = this
        await warmUp(this.#engine, { maxLength, maxBatchTokens, rows, signal: this.#options.signal })
      }
      return this
    } catch (thrown) {
      await this.close()
      throw thrown
    }
  }

  /** The folder or hub id of the model. */
  get source(): string {
    return this.#engine.source
  }

  /** What `config.json` says of the encoder: sizes, kinds. */
  get config(): EncoderConfig {
    return this.#engine.model.config
  }

  /** @internal */
  protected get model(): Model<T> {
    return this.#engine.model
  }

  /** @internal */
  protected get tokenizer(): Tokenizer {
    return this.#engine.tokenizer
  }

  get device(): Device {
    return this.#engine.model.device
  }

  get dtype(): DType {
    return this.#engine.dtype
  }

  /** Why it is that dtype, for people: of `dtype: 'auto'` what the device multiplies. */
  get dtypeReason(): string {
    return this.#engine.dtypeReason
  }

  /** Tokens of a text at most. */
  get maxLength(): number {
    const { model, tokenizer } = this.#engine
    const wanted = this.#options.maxLength ?? this.defaultMaxLength
    return Math.min(wanted, model.maxLength, tokenizer.modelMaxLength)
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
      const problemType = task instanceof SequenceClassification ? { problemType: task.problemType } : {}
      return { name, source, labels: task.labels, ...problemType, r, parameters }
    })
  }

  /**
   * The tokens of a text as the model reads it. `text.slice(start, end)` is what a token stands for, in the first or
   * second text of a pair; the special tokens around texts have neither.
   * @throws TorchLoraError QUEUE_FULL, ABORTED, TIMEOUT, DISPOSED, INVALID_ARGUMENT
   */
  async tokenize(input: TextInput, options: TokenizeOptions = {}): Promise<InputToken[]> {
    readOptions('tokenize', options, tokenizeRules)
    return this.#admitted(loadOf([input]), options, () => this.#tokens(input, options))
  }

  async #tokens(input: TextInput, { addSpecialTokens }: TokenizeOptions): Promise<InputToken[]> {
    const { tokenizer } = this.#engine
    const texts = tokenizerInput(input, 0)
    const encoding = await tokenizer.encode(texts, {
      maxLength: this.maxLength,
      addSpecialTokens,
      offsets: true,
    })
    return inputTokens(tokenizer, texts, encoding)
  }

  /**
   * The text of token ids: what `tokenize` gives, put together again.
   * @throws TorchLoraError INVALID_ARGUMENT for what is no id of the model's; QUEUE_FULL, ABORTED, TIMEOUT, DISPOSED
   */
  async detokenize(ids: readonly number[], options: DetokenizeOptions = {}): Promise<string> {
    const { skipSpecialTokens = true } = readOptions('detokenize', options, detokenizeRules)
    const { vocabSize } = this.#engine.tokenizer
    const wrong = Array.from(ids).find((id) => !Number.isSafeInteger(id) || id < 0 || id >= vocabSize)
    if (wrong !== undefined)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `Token ids: expected whole numbers from 0 to ${vocabSize - 1}, received ${wrong}.`,
      )
    return this.#admitted({ texts: 1, bytes: 4 * ids.length }, options, () =>
      this.#engine.tokenizer.decode(ids, { skipSpecialTokens }),
    )
  }

  /** Work of the tokenizer alone, which takes its place in the queue. */
  async #admitted<R>(
    load: Load,
    options: Pick<CallOptions, 'signal' | 'timeoutMs'>,
    work: () => Promise<R>,
  ): Promise<R> {
    using limit = deadline(options)
    return await this.#calls.track(async () => {
      this.#admission.enter(load)
      try {
        return await orAborted(work(), limit.signal)
      } finally {
        this.#admission.leave(load)
      }
    })
  }

  /**
   * Loads an adapter under a name, or puts it in the place of the one there. Calls under way end with the adapter
   * that they named; later ones get the new one.
   * @throws TorchLoraError INVALID_FILE, INCOMPATIBLE, UNSUPPORTED; the old adapter stays
   */
  loadAdapter(
    name: string,
    dirOrFile: string,
    options: { loraAlpha?: number | undefined } = {},
  ): Promise<void> {
    return this.#calls.track(() => this.#engine.loadAdapter(name, dirOrFile, options))
  }

  /** Takes an adapter away. Calls under way still end with it. */
  unloadAdapter(name: string): void {
    this.#engine.unloadAdapter(name)
  }

  /**
   * Puts another model in the place of this one. It is loaded beside the old one, which answers meanwhile; then new
   * calls meet the new model, and the old one goes when its last call has ended. The adapters that stand beside the old
   * model are loaded beside the new one, unless `adapters` says which are; labels and problem that were said when this
   * one was loaded hold for the new one too.
   * @throws TorchLoraError as `load`, INCOMPATIBLE where an adapter does not fit the new model; the old model stays
   */
  swap(dirOrId: string, options: SwapOptions = {}): Promise<void> {
    return this.#calls.track(async () => {
      const { device, dtype, cudaGraphs, labels, numLabels, problemType, addPrefixSpace } = this.#options
      const before = this.#engine
      const engine = await loadEngine(this.kind, dirOrId, {
        ...{ device, dtype, cudaGraphs, labels, numLabels, problemType, addPrefixSpace },
        ...options,
        adapters: options.adapters ?? {},
        headless: options.adapters === undefined && before.adapters.size > 0,
      })
      try {
        this.checkModel(engine)
        if (options.adapters === undefined) await keepAdapters(before, engine)
      } catch (thrown) {
        await engine.retire()
        throw thrown
      }
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

  /** A result for a request, or of an array one for each. @internal */
  protected async respondOneOrMany(
    input: Request | readonly Request[],
    options: Options,
  ): Promise<Result | Result[]> {
    if (Array.isArray(input)) return this.respond(input, options)
    const [result] = await this.respond([input as Request], options)
    return result!
  }

  /** Answers requests together: they take their places in the queue at once or not at all. @internal */
  protected async respond(requests: readonly Request[], options: Options): Promise<Result[]> {
    readOptions(this.verb, options, this.callRules)
    using limit = deadline(options)
    const load = this.#loadOf(requests)
    return await this.#calls.track(() => {
      this.#admission.enter(load)
      return this.#run(requests, options, { limit, load })
    })
  }

  /**
   * Answers any number of rows, in order. Takes more of them only as results are taken from it and as the queue has
   * room, so that neither an endless source nor a slow reader fills the memory.
   * @internal
   */
  protected async *respondAll<Row, E extends OnError>(
    rows: Iterable<Row> | AsyncIterable<Row>,
    { input, onError, ...rest }: Options & StreamRowOptions<Row, Request>,
  ): AsyncGenerator<StreamResult<Row, Result, E>, void, undefined> {
    const options = rest as unknown as Options
    readOptions(`${this.verb}All`, options, this.callRules)
    readOptions(
      `${this.verb}All`,
      { input, onError },
      streamRules as Rules<{ input: unknown; onError: unknown }>,
    )
    this.#engine.adapter(options.adapter)
    using limit = deadline(options)
    const requestOf = input ?? ((row: Row) => row as unknown as Request)
    const together = async (chunk: readonly Row[], first: number) => {
      const requests = chunk.map((row) => requestOf(row))
      const load = this.#loadOf(requests)
      return this.#calls.track(async () => {
        await this.#admission.enterWhenFree(load, limit.signal)
        return this.#run(requests, options, { limit, load, first })
      })
    }
    const alone = async (row: Row, first: number) => {
      try {
        const [result] = await together([row], first)
        return { ...result!, row }
      } catch (thrown) {
        return { row, error: rowError(thrown) }
      }
    }
    const work = async (chunk: readonly Row[], first: number) => {
      try {
        const results = await together(chunk, first)
        return results.map((result, i) => ({ ...result, row: chunk[i]! }))
      } catch (thrown) {
        rowError(thrown)
        // Of rows that fail together each is told apart.
        return Promise.all(chunk.map((row, i) => alone(row, first + i)))
      }
    }
    const weigh = (row: Row) => {
      try {
        return this.#loadOf([requestOf(row)]).texts
      } catch {
        return 1 // what is wrong with it is said in its place
      }
    }
    try {
      const size = Math.min(chunkTexts, this.maxQueue)
      const stream = mapRows<Row, (Result & { row: Row }) | FailedRow<Row>>(rows, work, {
        chunk: size,
        ahead: rowsAhead,
        signal: limit.signal,
        weigh,
      })
      for await (const result of stream) {
        if ('error' in result && onError !== 'yield') throw result.error
        yield result as StreamResult<Row, Result, E>
      }
    } finally {
      limit.abort() // a reader that leaves early waits for nothing
    }
  }

  /**
   * Work on the model that is no batch of texts: admitted, bounded in time and counted as calls are. Its passes stand in
   * the executor's queue one by one, so that batches run between them.
   * @param places texts that it counts as, at most the whole queue
   * @internal
   */
  protected async workAlone<R>(
    verb: string,
    input: unknown,
    {
      options,
      places,
      work,
    }: {
      options: CallOptions
      places: number
      work: (context: AloneContext<T>) => Promise<{ result: R; tokens: number; tokenization: number }>
    },
  ): Promise<R> {
    using limit = deadline(options)
    const load = { ...loadOf([input]), texts: Math.min(places, this.maxQueue) }
    return await this.#calls.track(() => {
      this.#admission.enter(load)
      return traced(`torch-lora.${verb}`, { 'torch_lora.adapter': options.adapter }, async () => {
        const engine = this.#engine
        engine.hold()
        let adapter: HeldAdapter<T> | null = null
        try {
          adapter = engine.adapter(options.adapter)
          adapter?.hold()
          const began = performance.now()
          const { result, tokens, tokenization } = await work({
            ...{ engine, adapter, signal: limit.signal },
            longText: options.longText ?? this.#options.longText ?? this.defaultLongText,
          })
          const inference = performance.now() - began - tokenization
          tell('call', { tokens, tokenization, queue: 0, inference }, options.onTimings)
          return result
        } catch (thrown) {
          throw limit.signal.aborted ? limit.signal.reason : thrown
        } finally {
          adapter?.letGo()
          engine.letGo()
          this.#admission.leave(load)
        }
      })
    })
  }

  #loadOf(requests: readonly Request[]): Load {
    return loadOf(requests.flatMap((request) => [...this.textsOf(request)]))
  }

  /** Answers requests that have been admitted. */
  async #run(
    requests: readonly Request[],
    options: Options,
    { limit, load, first = 0 }: { limit: Deadline; load: Load; first?: number | undefined },
  ): Promise<Result[]> {
    const engine = this.#engine
    const { maxLength } = this
    let begun = false
    try {
      const call = this.#pipeline.run<T, EncodedRequest, Result>({
        verb: this.verb,
        engine,
        adapter: options.adapter,
        signal: limit.signal,
        places: load.texts,
        onTimings: options.onTimings,
        encode: () =>
          this.encode(requests, {
            engine,
            options,
            first,
            maxLength,
            longText: options.longText ?? this.#options.longText ?? this.defaultLongText,
            truncationSide: options.truncationSide,
            windowOverlap: overlapOf({ maxLength, windowOverlap: this.#options.windowOverlap }),
          }),
        decode: (encoded, outputs, task) => this.decode(encoded, outputs, { engine, task, options }),
      })
      begun = true
      return await call
    } finally {
      this.#admission.leave(begun ? { bytes: load.bytes } : load)
    }
  }
}

/** The error of one row. @throws what ends the whole stream, and what is no TorchLoraError */
function rowError(thrown: unknown): TorchLoraError {
  if (thrown instanceof TorchLoraError && !ending.includes(thrown.code)) return thrown
  throw thrown
}

/** Loads the adapters of one engine beside another. */
async function keepAdapters(from: Engine, to: Engine): Promise<void> {
  for (const [name, { value }] of from.adapters) {
    const { source, loraAlpha } = value
    try {
      await to.loadAdapter(name, source, { loraAlpha })
    } catch (cause) {
      if (!(cause instanceof TorchLoraError)) throw cause
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `The model stays as it is: its adapter '${name}' cannot stand beside ${to.source}: ${cause.message} Say \`adapters\` to swap with others ({} for none).`,
        { cause },
      )
    }
  }
}
