import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { boolean, oneOf, type Rules, readOptions, string, whole } from '../options.ts'
import type { LabelOptions } from '../tasks/label-config.ts'
import { type SentencePooling, sentencePoolings } from '../tasks/sentence-folder.ts'
import { SentenceSimilarity } from '../tasks/sentence-similarity.ts'
import type { TaskKind } from '../tasks/task.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
import { cosineSimilarity, unitVector } from './cosine.ts'
import {
  type CutCallOptions,
  type CutFromOptions,
  type CutOptions,
  cutCallRules,
  cutFromRules,
  cutRules,
} from './cut-options.ts'
import { encodeTexts } from './encode-texts.ts'
import { Engine, loadEngine } from './engine.ts'
import { textOf } from './inputs.ts'
import type { OnError, StreamResult, StreamRowOptions } from './options.ts'
import { type DecodeContext, type EncodeContext, TextModel } from './text-model.ts'
import type { EncodedRequest } from './text-pipeline.ts'

/** How a {@link TextEmbedder} is loaded. */
export interface TextEmbedderOptions extends CutOptions {
  /** How the vectors of a text's tokens become one. Default: what the model's folder says, else 'mean'. */
  pooling?: SentencePooling | undefined
}

/** What one call of {@link TextEmbedder.embedTokens} may ask for. */
export interface EmbedTokensOptions extends CutCallOptions {
  /** What stands in front of each text; '' for nothing where the model's folder has a default. */
  prompt?: string | undefined
  /** The same by its name in the model's folder: "query". Default: the folder's own default, else nothing. */
  promptName?: string | undefined
}

/** What one call of {@link TextEmbedder.embed} may ask for. */
export interface EmbedOptions extends EmbedTokensOptions {
  /**
   * So many elements from the beginning of each vector, for a model that was trained for it (Matryoshka); of length 1
   * again where vectors are. Default: all.
   */
  dimensions?: number | undefined
  /** Whether vectors have length 1. Default: what the model's folder says; true for a plain encoder. */
  normalize?: boolean | undefined
}

/** The vector of a text. */
export interface TextEmbedding {
  embedding: Float32Array
  /** Tokens that the model read, special tokens and the prompt's included. */
  tokens: number
  /** Whether the text was longer than that. */
  truncated: boolean
}

const loadRules: Rules<TextEmbedderOptions> = { ...cutRules, pooling: oneOf(...sentencePoolings) }

const tokenRules: Rules<EmbedTokensOptions> = { ...cutCallRules, prompt: string, promptName: string }

const embedRules: Rules<EmbedOptions> = { ...tokenRules, dimensions: whole(1), normalize: boolean }

interface EmbedRequest {
  text: string
  /** Whether a vector of each token is wanted. */
  hidden: boolean
}

interface EncodedText extends EncodedRequest {
  hidden: boolean
}

/**
 * Vectors of texts, near each other where meanings are: folders of sentence-transformers with what stands behind their
 * encoder, and plain encoders, whose tokens are averaged. The vectors of sentence-transformers' `encode`.
 */
export class TextEmbedder extends TextModel<
  SentenceSimilarity,
  { text: string; hidden: boolean },
  TextEmbedding,
  EmbedOptions
> {
  readonly task = 'sentence-similarity'
  /** @internal */
  protected readonly kind: TaskKind<SentenceSimilarity, LabelOptions>
  /** @internal */
  protected readonly verb = 'embed'
  /** @internal */
  protected readonly callRules = embedRules

  private constructor(engine: Engine<SentenceSimilarity>, options: TextEmbedderOptions) {
    super(engine, options)
    this.kind = kindOf(options)
  }

  /**
   * Loads a model folder or hub id with its tokenizer. `mergeAdapter` is merged into the weights; `adapters` stay apart and
   * are chosen by each call.
   * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE, UNSUPPORTED for a module of the folder that is not
   * followed, NETWORK, INVALID_ARGUMENT
   */
  static async load(dirOrId: string, options: TextEmbedderOptions = {}): Promise<TextEmbedder> {
    const { pooling, ...rest } = readOptions('TextEmbedder.load', options, loadRules)
    const own = { device: 'auto', ...rest }
    const engine = await loadEngine(kindOf({ pooling }), dirOrId, own)
    return await new TextEmbedder(engine, { ...own, pooling }).ready()
  }

  /**
   * An embedder of a model that is in memory, an adapter on it included, as it is now. Model and tokenizer stay yours:
   * keep them, and leave the model as it is, until this is closed.
   * @throws TorchLoraError INCOMPATIBLE where they do not belong together, INVALID_ARGUMENT, OUT_OF_MEMORY
   */
  static async from(
    model: Model<SentenceSimilarity>,
    tokenizer: Tokenizer,
    options: CutFromOptions = {},
  ): Promise<TextEmbedder> {
    readOptions('TextEmbedder.from', options, cutFromRules)
    const engine = await Engine.of(model, tokenizer, options)
    return await new TextEmbedder(engine, options).ready()
  }

  /** Elements of a vector. */
  get dimensions(): number {
    return this.model.head.width
  }

  /** How the vectors of a text's tokens become one. */
  get pooling(): SentencePooling {
    return this.model.task.layout.pooling
  }

  /** Whether vectors have length 1 where a call does not say it. */
  get normalized(): boolean {
    return this.model.task.layout.normalize
  }

  /** What may stand in front of texts, by the name that `promptName` takes. */
  get prompts(): Readonly<Record<string, string>> {
    return this.model.task.layout.prompts
  }

  /**
   * What stands in front of each text of a call with these options; '' for nothing.
   * @throws TorchLoraError INVALID_ARGUMENT for a name that the model's folder has not
   */
  promptOf(options: Pick<EmbedTokensOptions, 'prompt' | 'promptName'> = {}): string {
    return promptOf(this.model.task, options)
  }

  /**
   * The vector of a text, or of each of an array.
   *
   * ```ts
   * const [query] = await embedder.embed(['how tall is it'], { promptName: 'query', dimensions: 256 })
   * ```
   * @returns float32, [dimensions] each
   * @throws TorchLoraError INVALID_ARGUMENT for more dimensions than the model has, or a prompt that it has not;
   * QUEUE_FULL at once when too many wait, ABORTED on a signal, TIMEOUT, DISPOSED after close(), TOO_LONG,
   * OUT_OF_MEMORY, NATIVE
   */
  embed(text: string, options?: EmbedOptions): Promise<Float32Array>
  embed(texts: readonly string[], options?: EmbedOptions): Promise<Float32Array[]>
  async embed(input: string | readonly string[], options: EmbedOptions = {}): Promise<unknown> {
    const results = await this.respond(requestsOf(input, false), options)
    const vectors = results.map(({ embedding }) => embedding)
    return Array.isArray(input) ? vectors : vectors[0]
  }

  /**
   * Vectors of any number of rows, in order: each, with its `row`, as soon as it and those before it are there.
   * @throws TorchLoraError as `embed`, but never QUEUE_FULL
   */
  embedAll<Row extends string, E extends OnError = 'throw'>(
    rows: Iterable<Row> | AsyncIterable<Row>,
    options?: EmbedOptions & StreamRowOptions<Row, string, E>,
  ): AsyncGenerator<StreamResult<Row, TextEmbedding, E>, void, undefined>
  embedAll<Row, E extends OnError = 'throw'>(
    rows: Iterable<Row> | AsyncIterable<Row>,
    options: EmbedOptions & StreamRowOptions<Row, string, E> & { input: (row: Row) => string },
  ): AsyncGenerator<StreamResult<Row, TextEmbedding, E>, void, undefined>
  embedAll(
    rows: Iterable<unknown> | AsyncIterable<unknown>,
    { input = (row) => row as string, ...options }: EmbedOptions & StreamRowOptions<unknown, string> = {},
  ): AsyncGenerator<never, void, undefined> {
    const request = (row: unknown): EmbedRequest => ({ text: input(row), hidden: false })
    return this.respondAll(rows, { ...options, input: request }) as AsyncGenerator<never, void, undefined>
  }

  /**
   * A vector of each token of a text, special tokens and the prompt's included, before pooling: the encoder's last
   * hidden states.
   * @returns float32, [hiddenSize] each
   * @throws TorchLoraError as `embed`
   */
  embedTokens(text: string, options?: EmbedTokensOptions): Promise<Float32Array[]>
  embedTokens(texts: readonly string[], options?: EmbedTokensOptions): Promise<Float32Array[][]>
  async embedTokens(input: string | readonly string[], options: EmbedTokensOptions = {}): Promise<unknown> {
    readOptions('embedTokens', options, tokenRules)
    const results = await this.respond(requestsOf(input, true), options)
    const { hiddenSize } = this.config
    const vectors = results.map(({ embedding, tokens }) =>
      Array.from({ length: tokens }, (_, t) => embedding.slice(t * hiddenSize, (t + 1) * hiddenSize)),
    )
    return Array.isArray(input) ? vectors : vectors[0]
  }

  /**
   * How near a text is to each of others: the cosines of their vectors.
   * @throws TorchLoraError as `embed`
   */
  async similarity(
    source: string,
    texts: readonly string[],
    options: Omit<EmbedOptions, 'normalize'> = {},
  ): Promise<number[]> {
    if (!Array.isArray(texts))
      throw new TorchLoraError('INVALID_ARGUMENT', 'similarity: expected an array of texts beside the first.')
    const [own, ...others] = await this.embed([source, ...texts], options)
    return others.map((other) => cosineSimilarity(own!, other))
  }

  /** @internal */
  protected override get defaultMaxLength(): number {
    return this.model.task.layout.maxSeqLength ?? super.defaultMaxLength
  }

  /** @internal */
  protected override textsOf({ text }: EmbedRequest): readonly unknown[] {
    return [text]
  }

  /** @internal */
  protected async encode(
    requests: readonly EmbedRequest[],
    { engine, options, first, ...context }: EncodeContext<SentenceSimilarity, EmbedOptions>,
  ): Promise<EncodedText[]> {
    const { head, task } = engine.model
    const { dimensions = head.width } = options
    if (dimensions > head.width)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `dimensions: the vectors of ${engine.source} have ${head.width} elements, and ${dimensions} were asked for.`,
      )
    const prompt = promptOf(task, options)
    const texts = requests.map(({ text }, i) => task.readable(prompt + textOf(text, `Input ${first + i}`)))
    const encodings = await encodeTexts(engine, texts, { first, ...context })
    return encodings.map((encoding, i): EncodedText => {
      const { hidden } = requests[i]!
      return { texts: [[{ ...encoding, hidden }]], hidden }
    })
  }

  /** @internal */
  protected decode(
    { texts: [windows], hidden }: EncodedText,
    [outputs]: readonly (readonly Float32Array[])[],
    { task, options }: DecodeContext<SentenceSimilarity, EmbedOptions>,
  ): TextEmbedding {
    const { ids, truncated } = windows![0]!
    const [values] = outputs as [Float32Array]
    const { dimensions = values.length, normalize = task.layout.normalize } = options
    const vector = hidden || dimensions === values.length ? values : values.slice(0, dimensions)
    return {
      embedding: normalize && !hidden ? unitVector(vector) : vector,
      tokens: ids.length,
      truncated,
    }
  }
}

/** The task as `pooling` makes it, of whatever folder. */
function kindOf({ pooling }: TextEmbedderOptions): TaskKind<SentenceSimilarity, LabelOptions> {
  const { taskName, architecture, peftType, files, readFolder } = SentenceSimilarity
  return {
    ...{ taskName, architecture, peftType, files, readFolder },
    read: (reader, options) => SentenceSimilarity.read(reader, { ...options, ...(pooling && { pooling }) }),
  }
}

function requestsOf(input: string | readonly string[], hidden: boolean): EmbedRequest[] {
  return [input].flat().map((text): EmbedRequest => ({ text: text as string, hidden }))
}

/**
 * What stands in front of each text.
 * @throws TorchLoraError INVALID_ARGUMENT for a name that the model's folder has not
 */
function promptOf(
  { layout: { prompts, defaultPromptName } }: SentenceSimilarity,
  { prompt, promptName }: EmbedTokensOptions,
): string {
  if (prompt !== undefined && promptName !== undefined)
    throw new TorchLoraError('INVALID_ARGUMENT', 'prompt and promptName: give one of them.')
  if (prompt !== undefined) return prompt
  const name = promptName ?? defaultPromptName
  if (name === null) return ''
  if (Object.hasOwn(prompts, name)) return prompts[name]!
  const there = Object.keys(prompts).join(', ') || 'none'
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `promptName: the model has no prompt ${JSON.stringify(name)}; there are: ${there}.`,
  )
}
