import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { boolean, type Rules, readOptions, whole } from '../options.ts'
import { Reranking } from '../tasks/reranking.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
import {
  type CutCallOptions,
  type CutFromOptions,
  type CutOptions,
  cutCallRules,
  cutFromRules,
  cutRules,
} from './cut-options.ts'
import { encodeTexts, isCut, windowsOf } from './encode-texts.ts'
import { Engine, loadEngine } from './engine.ts'
import { type TextInput, textOf } from './inputs.ts'
import {
  type OnError,
  type StreamResult,
  type StreamRowOptions,
  type TextModelOptions,
  textModelRules,
} from './options.ts'
import { type DecodeContext, type EncodeContext, TextModel } from './text-model.ts'
import type { EncodedRequest } from './text-pipeline.ts'

/** How a {@link TextReranker} is loaded. */
export interface TextRerankerOptions extends CutOptions, Pick<TextModelOptions, 'head'> {}

/** What one call of {@link TextReranker.rank} may ask for. */
export interface RankOptions extends CutCallOptions {
  /** So many of the best texts. Default: all. */
  topK?: number | undefined
  /** The model's output as a score, not its sigmoid. Default false. */
  rawScores?: boolean | undefined
}

/** A query and the texts that may answer it. */
export interface RankInput {
  query: string
  texts: readonly string[]
}

/** A text by its place in the array that was given, and how well it answers: from 0 to 1, or any number of raw scores. */
export interface RankedText {
  index: number
  score: number
}

/** Texts that are ranked, or one, or a pair, that is scored by itself. */
type RankRequest = { ranked: RankInput } | { alone: TextInput }

/** The texts of a query, best first. */
export interface Ranking {
  ranking: RankedText[]
  /** Whether a part of the query or of a text was not read. */
  truncated: boolean
}

const loadRules: Rules<TextRerankerOptions> = { ...cutRules, head: textModelRules.head }

const rankRules: Rules<RankOptions> = { ...cutCallRules, topK: whole(1), rawScores: boolean }

/**
 * How well texts answer a query, each read together with it: a cross-encoder of one output, whose sigmoid is the score.
 * Of a pair with more tokens than the model takes the longer text is cut first. All texts of a call share batches.
 */
export class TextReranker extends TextModel<
  Reranking,
  { ranked: RankInput } | { alone: TextInput },
  Ranking,
  RankOptions
> {
  readonly task = 'reranking'
  /** @internal */
  protected readonly kind = Reranking
  /** @internal */
  protected readonly verb = 'rank'
  /** @internal */
  protected readonly callRules = rankRules

  private constructor(engine: Engine<Reranking>, options: TextRerankerOptions) {
    super(engine, options)
  }

  /**
   * Loads a model folder or hub id with its tokenizer. `mergeAdapter` is merged into the weights; `adapters` stay apart and
   * are chosen by each call.
   * @throws TorchLoraError INCOMPATIBLE for a model of more than one output; INVALID_FILE, UNSAFE_FILE, UNSUPPORTED,
   * NETWORK, INVALID_ARGUMENT
   */
  static async load(dirOrId: string, options: TextRerankerOptions = {}): Promise<TextReranker> {
    const own = { device: 'auto', ...readOptions('TextReranker.load', options, loadRules) }
    const engine = await loadEngine(Reranking, dirOrId, own)
    return await new TextReranker(engine, own).ready()
  }

  /**
   * A reranker of a model that is in memory, an adapter on it included, as it is now. Model and tokenizer stay yours:
   * keep them, and leave the model as it is, until this is closed.
   * @throws TorchLoraError INCOMPATIBLE where they do not belong together, INVALID_ARGUMENT, OUT_OF_MEMORY
   */
  static async from(
    model: Model<Reranking>,
    tokenizer: Tokenizer,
    options: CutFromOptions = {},
  ): Promise<TextReranker> {
    readOptions('TextReranker.from', options, cutFromRules)
    const engine = await Engine.of(model, tokenizer, options)
    return await new TextReranker(engine, options).ready()
  }

  /**
   * The texts by how well they answer the query, best first.
   *
   * ```ts
   * for (const { index, score } of await reranker.rank(query, texts, { topK: 3 })) show(texts[index], score)
   * ```
   * @throws TorchLoraError INVALID_ARGUMENT for an empty query, no texts, or more than the queue holds; QUEUE_FULL at
   * once when too many wait, ABORTED on a signal, TIMEOUT, DISPOSED after close(), TOO_LONG, OUT_OF_MEMORY, NATIVE
   */
  async rank(query: string, texts: readonly string[], options: RankOptions = {}): Promise<RankedText[]> {
    const [{ ranking }] = (await this.respond([{ ranked: { query, texts } }], options)) as [Ranking]
    return ranking
  }

  /**
   * The score of each text or pair by itself, in their order; sentence-transformers' `CrossEncoder.predict`.
   * @throws TorchLoraError as `rank`
   */
  async score(inputs: readonly TextInput[], options: Omit<RankOptions, 'topK'> = {}): Promise<number[]> {
    const requests = inputs.map((alone) => ({ alone }))
    const results = await this.respond(requests, options)
    return results.map(({ ranking: [best] }) => best!.score)
  }

  /**
   * Ranks the texts of any number of rows, in order: each ranking, with its `row`, as soon as it and those before it are
   * there.
   * @throws TorchLoraError as `rank`, but never QUEUE_FULL
   */
  rankAll<Row extends RankInput, E extends OnError = 'throw'>(
    rows: Iterable<Row> | AsyncIterable<Row>,
    options?: RankOptions & StreamRowOptions<Row, RankInput, E>,
  ): AsyncGenerator<StreamResult<Row, Ranking, E>, void, undefined>
  rankAll<Row, E extends OnError = 'throw'>(
    rows: Iterable<Row> | AsyncIterable<Row>,
    options: RankOptions & StreamRowOptions<Row, RankInput, E> & { input: (row: Row) => RankInput },
  ): AsyncGenerator<StreamResult<Row, Ranking, E>, void, undefined>
  rankAll(
    rows: Iterable<unknown> | AsyncIterable<unknown>,
    {
      input = (row) => row as RankInput,
      ...options
    }: RankOptions & StreamRowOptions<unknown, RankInput> = {},
  ): AsyncGenerator<never, void, undefined> {
    const request = (row: unknown): RankRequest => ({ ranked: input(row) })
    return this.respondAll(rows, { ...options, input: request }) as AsyncGenerator<never, void, undefined>
  }

  /** @internal */
  protected override textsOf(request: RankRequest): readonly unknown[] {
    if ('alone' in request) return [request.alone]
    const { query, texts } = (request.ranked ?? {}) as Partial<RankInput>
    return Array.isArray(texts) && texts.length > 0 ? texts.map((text) => [query, text]) : [query]
  }

  /** @internal */
  protected async encode(
    requests: readonly RankRequest[],
    { engine, first, ...context }: EncodeContext<Reranking, RankOptions>,
  ): Promise<EncodedRequest[]> {
    const pairs = requests.map((request, i) =>
      'alone' in request ? [request.alone] : pairsOf(request.ranked, `Input ${first + i}`),
    )
    const encodings = await encodeTexts(engine, pairs.flat(), context)
    let at = 0
    return pairs.map(({ length }): EncodedRequest => {
      const own = encodings.slice(at, at + length)
      at += length
      return { texts: own.map(windowsOf) }
    })
  }

  /** @internal */
  protected decode(
    { texts }: EncodedRequest,
    outputs: readonly (readonly Float32Array[])[],
    { task, options: { topK, rawScores = false } }: DecodeContext<Reranking, RankOptions>,
  ): Ranking {
    const ranking = bestFirst(outputs.map(([logits]) => (rawScores ? logits![0]! : task.relevance(logits!))))
    return { ranking: ranking.slice(0, topK), truncated: texts.some(isCut) }
  }
}

/** Texts by their scores. */
export function bestFirst(scores: readonly number[]): RankedText[] {
  return scores.map((score, index) => ({ index, score })).sort((a, b) => b.score - a.score)
}

/** A query beside each of its texts. @throws TorchLoraError INVALID_ARGUMENT saying what is wrong with which of them */
function pairsOf(input: unknown, what: string): [query: string, text: string][] {
  const { query, texts } = (input ?? {}) as Partial<RankInput>
  const asked = textOf(query, `${what}, query`, { filled: true })
  if (!Array.isArray(texts) || texts.length === 0)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `${what}, texts: expected an array of at least one text to rank, received ${Array.isArray(texts) ? 'none' : typeof texts}.`,
    )
  return texts.map((text, i) => [asked, textOf(text, `${what}, texts[${i}]`)])
}
