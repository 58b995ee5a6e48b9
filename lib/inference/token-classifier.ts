import { LabelSet } from '../data/labels.ts'
import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { oneOf, type Rules, readOptions } from '../options.ts'
import { argmax, softmax } from '../tasks/arithmetic.ts'
import { placeWords, TokenClassification } from '../tasks/token-classification.ts'
import type { Encoding, Tokenizer, TokenizerOptions } from '../tokenizer/index.ts'
import { encodeTexts, isCut, windowsOf } from './encode-texts.ts'
import { Engine, loadEngine } from './engine.ts'
import { type Aggregation, aggregations, type Entity, entitiesOf, type TaggedToken } from './entities.ts'
import type { LongText } from './long-texts.ts'
import {
  type CallOptions,
  callRules,
  type FromOptions,
  fromRules,
  type OnError,
  type StreamResult,
  type StreamRowOptions,
  type TextModelOptions,
  textModelRules,
} from './options.ts'
import { type EncodeContext, TextModel } from './text-model.ts'
import type { EncodedRequest } from './text-pipeline.ts'

/** A text to tag: in one piece, or as its words, which are read with a space between them. */
export type TagInput =
  | string
  | { text: string; words?: undefined }
  | { words: readonly string[]; text?: undefined }

/** How a {@link TokenClassifier} is loaded. */
export interface TokenClassifierOptions<L extends string = string>
  extends Omit<TextModelOptions, 'labels' | 'problemType'>,
    Pick<TokenizerOptions, 'addPrefixSpace'> {
  /** The tags, for their types: checked against the model's, or naming them where it has no names. */
  labels?: readonly L[] | undefined
}

/** What one call of {@link TokenClassifier.tag} may ask for. */
export interface TagOptions extends CallOptions {
  /** How tags of tokens become entities. Default 'simple'. */
  aggregation?: Aggregation | undefined
}

/** A word with its tag: that of its first token. */
export interface TaggedWord<L extends string = string> {
  start: number
  end: number
  label: L
  score: number
}

/** What a token classifier says of one text. Offsets are UTF-16 code units, as `slice` takes them. */
export interface Tagging<L extends string = string, E extends string = string> {
  /** The text; of words, joined by spaces, which is what offsets count in. */
  text: string
  /** Its words, in order. */
  tokens: TaggedWord<L>[]
  entities: Entity<E>[]
  /** Whether a part of the text was not read. */
  truncated: boolean
}

/** What an entity may be: the types of the tags. */
export type EntityLabel<L extends string> = L extends 'O'
  ? never
  : L extends `${string}-${infer Type}`
    ? Type
    : L

/** An adapter has tags of its own; entities of aggregation 'none' have tags, others types. */
export type TaggingOf<L extends string, O> = O extends { adapter: string }
  ? Tagging
  : O extends { aggregation: 'none' }
    ? Tagging<L, L>
    : Tagging<L, EntityLabel<L>>

const { problemType: _, ...loadRules }: Rules<TokenClassifierOptions> & Rules<TextModelOptions> =
  textModelRules

const tagRules: Rules<TagOptions> = { ...callRules, aggregation: oneOf(...aggregations) }

interface EncodedText extends EncodedRequest {
  text: string
  /** Where each given word begins in `text`; null for a text in one piece. */
  starts: readonly number[] | null
  /** Of each window, whether tokens go on with the word before them; null where nobody asks. */
  continues: readonly (readonly boolean[])[] | null
}

/** Tags of words and the entities that they make: names, places, amounts. */
export class TokenClassifier<L extends string = string> extends TextModel<
  TokenClassification,
  TagInput,
  Tagging,
  TagOptions
> {
  readonly task = 'token-classification'
  /** @internal */
  protected readonly kind = TokenClassification
  /** @internal */
  protected readonly verb = 'tag'
  /** @internal */
  protected readonly callRules = tagRules

  private constructor(engine: Engine<TokenClassification>, options: TextModelOptions) {
    super(engine, options)
  }

  /**
   * Loads a model folder or hub id with its tokenizer. `labels` become the type of tags and entities. Of a long text
   * windows are tagged and put together, unless `longText` says otherwise.
   * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE, INCOMPATIBLE, UNSUPPORTED, NETWORK, INVALID_ARGUMENT
   */
  static async load<const L extends string = string>(
    dirOrId: string,
    options: TokenClassifierOptions<L> = {},
  ): Promise<TokenClassifier<L>> {
    // As it was trained: words stand alone.
    readOptions('TokenClassifier.load', options, loadRules)
    const own = { device: 'auto', addPrefixSpace: true, ...options }
    const engine = await loadEngine(TokenClassification, dirOrId, own)
    return await new TokenClassifier<L>(engine, own).ready()
  }

  /**
   * A token classifier of a model that is in memory, an adapter on it included, as it is now. Model and tokenizer stay
   * yours: keep them, and leave the model as it is, until this is closed.
   * @throws TorchLoraError INCOMPATIBLE where they do not belong together, INVALID_ARGUMENT, OUT_OF_MEMORY
   */
  static async from<const L extends string = string>(
    model: Model<TokenClassification>,
    tokenizer: Tokenizer,
    given: FromOptions & { labels?: readonly L[] | undefined } = {},
  ): Promise<TokenClassifier<L>> {
    const rules = { ...fromRules, labels: loadRules.labels }
    const { labels, ...options } = readOptions('TokenClassifier.from', given, rules)
    if (labels) model.task.requireLabels(LabelSet.single(labels))
    const engine = await Engine.of(model, tokenizer, options)
    return await new TokenClassifier<L>(engine, { ...options, labels }).ready()
  }

  /** The tags, in the order of the outputs. */
  get labels(): readonly L[] {
    return this.model.task.labels as readonly L[]
  }

  /**
   * Tags the words of a text and finds its entities; an array is a batch.
   * @throws TorchLoraError QUEUE_FULL at once when too many wait, ABORTED on a signal, TIMEOUT, DISPOSED after close(),
   * TOO_LONG, INVALID_ARGUMENT, UNSUPPORTED for words where the tokenizer cannot take them, OUT_OF_MEMORY, NATIVE
   */
  tag<O extends TagOptions = TagOptions>(input: TagInput, options?: O): Promise<TaggingOf<L, O>>
  tag<O extends TagOptions = TagOptions>(inputs: readonly TagInput[], options?: O): Promise<TaggingOf<L, O>[]>
  async tag(input: TagInput | readonly TagInput[], options: TagOptions = {}): Promise<unknown> {
    return this.respondOneOrMany(input, options)
  }

  /**
   * Tags any number of rows, in order: each result, with its `row`, as soon as it and those before it are there.
   * @throws TorchLoraError as `tag`, but never QUEUE_FULL
   */
  tagAll<Row extends TagInput, O extends TagOptions, E extends OnError = 'throw'>(
    rows: Iterable<Row> | AsyncIterable<Row>,
    options?: O & StreamRowOptions<Row, TagInput, E>,
  ): AsyncGenerator<StreamResult<Row, TaggingOf<L, O>, E>, void, undefined>
  tagAll<Row, O extends TagOptions, E extends OnError = 'throw'>(
    rows: Iterable<Row> | AsyncIterable<Row>,
    options: O & StreamRowOptions<Row, TagInput, E> & { input: (row: Row) => TagInput },
  ): AsyncGenerator<StreamResult<Row, TaggingOf<L, O>, E>, void, undefined>
  tagAll(
    rows: Iterable<unknown> | AsyncIterable<unknown>,
    options: TagOptions & StreamRowOptions<unknown, TagInput> = {},
  ): AsyncGenerator<never, void, undefined> {
    return this.respondAll(rows, options) as AsyncGenerator<never, void, undefined>
  }

  /** @internal */
  protected override get defaultLongText(): LongText {
    return 'windows'
  }

  /** @internal */
  protected async encode(
    inputs: readonly TagInput[],
    context: EncodeContext<TokenClassification, TagOptions>,
  ): Promise<EncodedText[]> {
    const { engine, first, options } = context
    const texts = inputs.map((input, i) => asText(input, first + i))
    const encodings = await encodeTexts(
      engine,
      texts.map(({ words, text }) => (words ? { words } : text)),
      { ...context, offsets: true },
    )
    const wholeWords = ['first', 'average', 'max'].includes(options.aggregation ?? 'simple')
    return Promise.all(
      encodings.map(async (encoding, i): Promise<EncodedText> => {
        const windows = windowsOf(encoding)
        const { text, starts } = texts[i]!
        const place = { text, starts }
        return {
          texts: [windows],
          ...place,
          continues: wholeWords ? await continuations(windows, engine.tokenizer, place) : null,
        }
      }),
    )
  }

  /** @internal */
  protected decode(
    { texts: [windows], text, starts, continues }: EncodedText,
    [outputs]: readonly (readonly Float32Array[])[],
    { task, options }: { task: TokenClassification; options: TagOptions },
  ): Tagging {
    const { labels, width } = task
    const scoresOf = (w: number, t: number) => softmax(outputs![w]!.subarray(t * width, (t + 1) * width))
    const tagged = windows!.map((window, w) =>
      textTokens(window).map((t): TaggedToken => {
        const [start, end] = placeOf(window, t, starts)
        return { start, end, scores: scoresOf(w, t), continues: continues !== null && continues[w]![t]! }
      }),
    )
    return {
      text,
      tokens: wordsOf(windows!, starts).map(({ start, end, window, token }) => {
        const scores = scoresOf(window, token)
        const best = argmax(scores)
        return { start, end, label: labels[best]!, score: scores[best]! }
      }),
      entities: entitiesOf(tagged, { labels, aggregation: options.aggregation ?? 'simple', text }),
      truncated: isCut(windows!),
    }
  }
}

/** @throws TorchLoraError INVALID_ARGUMENT saying which input is what */
function asText(
  input: unknown,
  index: number,
): { text: string; words?: readonly string[]; starts: readonly number[] | null } {
  const { text, words } = (typeof input === 'string' ? { text: input } : (input ?? {})) as {
    text?: unknown
    words?: unknown
  }
  if (typeof text === 'string' && words === undefined) return { text, starts: null }
  if (text === undefined && Array.isArray(words) && words.every((word) => typeof word === 'string')) {
    let at = 0
    const starts = words.map((word: string) => {
      const start = at
      at += word.length + 1
      return start
    })
    return { text: words.join(' '), words, starts }
  }
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `Input ${index}: expected a string, {text} or {words} with an array of strings, received ${JSON.stringify(input)?.slice(0, 60) ?? typeof input}.`,
  )
}

/** The tokens of a window that stand for text. */
function textTokens({ sequenceIds }: Encoding): number[] {
  return Array.from(sequenceIds!.keys()).filter((t) => sequenceIds![t]! >= 0)
}

/** Where a token stands in its text. */
function placeOf(
  { offsets, wordIds }: Encoding,
  t: number,
  starts: readonly number[] | null,
): [start: number, end: number] {
  const shift = starts?.[wordIds![t]!] ?? 0
  return [shift + offsets![2 * t]!, shift + offsets![2 * t + 1]!]
}

/** The words of a text, each with its first token in the window where most surrounds it. */
function wordsOf(windows: readonly Encoding[], starts: readonly number[] | null) {
  const ends: number[] = []
  for (const window of windows)
    for (const t of textTokens(window)) {
      const word = window.wordIds![t]!
      ends[word] = Math.max(ends[word] ?? 0, placeOf(window, t, starts)[1])
    }
  return placeWords(windows, ends.length).flatMap((place, word) => {
    if (!place) return []
    const [start] = placeOf(windows[place.window]!, place.token, starts)
    return [{ ...place, start, end: ends[word]! }]
  })
}

/**
 * Whether each token goes on with the word of the one before it, as transformers decides: by "##" where the vocabulary
 * has it, else by there being no space between them.
 */
async function continuations(
  windows: readonly Encoding[],
  tokenizer: Tokenizer,
  { text, starts }: { text: string; starts: readonly number[] | null },
): Promise<boolean[][]> {
  if (!(await hasWordPieces(tokenizer)))
    return windows.map((window) =>
      Array.from(window.ids, (id, t) => {
        const [start] = placeOf(window, t, starts)
        return id !== tokenizer.unkTokenId && start > 0 && !text.slice(start - 1, start + 1).includes(' ')
      }),
    )
  const names = await Promise.all(windows.map(({ ids }) => tokenizer.idsToTokens(ids)))
  return names.map((tokens) => tokens.map((name) => name?.startsWith('##') ?? false))
}

const wordPieces = new WeakMap<Tokenizer, Promise<boolean>>()

function hasWordPieces(tokenizer: Tokenizer): Promise<boolean> {
  const known = wordPieces.get(tokenizer)
  if (known) return known
  const asked = tokenizer
    .tokensToIds(['##a', '##e', '##s', '##n'])
    .then((ids) => ids.some((id) => id !== undefined && id !== tokenizer.unkTokenId))
  wordPieces.set(tokenizer, asked)
  return asked
}
