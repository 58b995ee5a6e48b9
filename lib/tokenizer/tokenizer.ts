import { TorchLoraError } from '../errors.ts'
import { any, boolean, oneOf, type Rules, readOptions } from '../options.ts'
import { beginning } from './beginning.ts'
import type { SpecialTokenName } from './definition.ts'
import type { Engine } from './engine.ts'
import { collectTexts, collectWords, describe, invalid } from './inputs.ts'
import type { EncodeReply, EncodeRequest, TokenizerFacts, TruncationStrategy } from './messages.ts'

/** One text, or two that the model reads as a pair. */
export type TokenizerInput = string | readonly [string, string]

/** A text that is already split into words, or two of them that the model reads as a pair. */
export type WordsInput = readonly string[] | readonly [readonly string[], readonly string[]]

/** The tokens of one input, special tokens included. */
export interface Encoding {
  /** Token ids, [T]. */
  readonly ids: Int32Array
  /** Token type (segment) ids, [T]: 0 everywhere for RoBERTa, 1 for the second text of a pair elsewhere. */
  readonly typeIds: Int32Array
  /**
   * With `offsets`: where each token begins and ends in its text, [2T] in UTF-16 code units, so that
   * `text.slice(offsets[2 * t], offsets[2 * t + 1])` is what token t stands for. In a text given as words, within the
   * word. 0, 0 for special tokens around the texts. A token that is a part of a character's bytes has the whole
   * character. The same for a token in whichever window it is.
   */
  readonly offsets?: Int32Array | undefined
  /**
   * With `offsets`: the word of each token, [T], counted from 0 in each text; -1 for special tokens around the texts.
   * What a word is says the tokenizer's pre-tokenizer, or who gave the text as words.
   */
  readonly wordIds?: Int32Array | undefined
  /** With `offsets`: 0 for tokens of the first text, 1 for those of the second, -1 for special tokens around them, [T]. */
  readonly sequenceIds?: Int32Array | undefined
  /** True when the input was longer than `maxLength` allows, so that `ids` lacks a part. */
  readonly truncated: boolean
  /** With a `stride`, the windows after the first, in order; empty otherwise. Each has no overflow of its own. */
  readonly overflow: readonly Encoding[]
}

/** How texts are encoded: where they are cut, and what is told of each token. */
export interface EncodeOptions {
  /** Greatest length in tokens, special tokens counted. Default: {@link Tokenizer.modelMaxLength}. */
  maxLength?: number | undefined
  /**
   * Cut a long text into windows of `maxLength` that share this many tokens, instead of truncating it: the windows
   * after the first are in {@link Encoding.overflow}. For pairs with `truncation: 'only_first' | 'only_second'`, where
   * every window has the other text whole.
   */
  stride?: number | undefined
  /**
   * Which text of a pair is cut, as in transformers: the longer first (`longest_first`, the default), or only one of
   * them; the other must leave room for it.
   */
  truncation?: TruncationStrategy | undefined
  /** Which end of a long text is cut. Default: what the tokenizer's files say, else `right`. */
  truncationSide?: 'left' | 'right' | undefined
  /** Say where tokens come from: {@link Encoding.offsets}, `wordIds` and `sequenceIds`. Default false. */
  offsets?: boolean | undefined
  /** Put the model's special tokens around the text. Default true. */
  addSpecialTokens?: boolean | undefined
}

const encodeRules: Rules<EncodeOptions> = {
  maxLength: any, // against the special tokens, below
  stride: any,
  truncation: oneOf('longest_first', 'only_first', 'only_second'),
  truncationSide: oneOf('left', 'right'),
  offsets: boolean,
  addSpecialTokens: boolean,
}

/** A message to the process holds at most so many texts and characters: serialising it stays well under 1 ms. */
const MESSAGE_TEXTS = 256
const MESSAGE_CHARS = 1 << 17
/** Of a long text so many characters are read first, and 8 a token. */
const FIRST_CHARS = 256

/**
 * Turns text into token ids in a process of its own, equal to Hugging Face's tokenizers token for token.
 *
 * Made by {@link AutoTokenizer.fromPretrained}. It owns a process, which never keeps yours alive by
 * itself; {@link close} ends it.
 */
export class Tokenizer implements AsyncDisposable {
  readonly #engine: Engine
  readonly #facts: TokenizerFacts
  /** Calls under way, which close waits for. */
  readonly #calls = new Set<Promise<unknown>>()
  #closed = false

  /** @internal */
  constructor(engine: Engine, facts: TokenizerFacts) {
    this.#engine = engine
    this.#facts = facts
  }

  /** Number of tokens, added ones included: the least number of rows the model's embedding needs. */
  get vocabSize(): number {
    return this.#facts.vocabSize
  }

  /** Greatest length in tokens that the tokenizer's files name, or Infinity. A model may allow less. */
  get modelMaxLength(): number {
    return this.#facts.modelMaxLength
  }

  /** Name of the transformers class that loads the same files, such as `RobertaTokenizer`. */
  get tokenizerClass(): string {
    return this.#facts.tokenizerClass
  }

  get clsTokenId(): number | undefined {
    return this.#facts.special.cls?.id
  }
  get sepTokenId(): number | undefined {
    return this.#facts.special.sep?.id
  }
  get padTokenId(): number | undefined {
    return this.#facts.special.pad?.id
  }
  get unkTokenId(): number | undefined {
    return this.#facts.special.unk?.id
  }
  get maskTokenId(): number | undefined {
    return this.#facts.special.mask?.id
  }
  get bosTokenId(): number | undefined {
    return this.#facts.special.bos?.id
  }
  get eosTokenId(): number | undefined {
    return this.#facts.special.eos?.id
  }

  /** The special tokens by role, for instance `{ cls: { token: '[CLS]', id: 101 }, ... }`. */
  get specialTokens(): Readonly<Partial<Record<SpecialTokenName, { token: string; id: number }>>> {
    return this.#facts.special
  }

  /** {@link encodeBatch} of one input. */
  async encode(input: TokenizerInput, options: EncodeOptions = {}): Promise<Encoding> {
    const [encoding] = await this.encodeBatch([input], options)
    return encoding!
  }

  /**
   * Token ids of each input, in order. Long inputs are truncated to `maxLength` as transformers does with
   * `truncation=True` (`longest_first` for pairs). Any number of inputs: large calls go to its process in parts, so
   * the event loop is never held.
   *
   * @throws TorchLoraError INVALID_ARGUMENT for an input that is neither a string nor a pair of strings or that holds
   * a lone surrogate, and for an option out of range; TOO_LONG where `only_first` or `only_second` spares a text that
   * leaves no room for the other; DISPOSED after {@link close}.
   */
  encodeBatch(inputs: readonly TokenizerInput[], options: EncodeOptions = {}): Promise<Encoding[]> {
    return this.#call(() => this.#encodeAll(inputs, options, collectTexts))
  }

  /**
   * {@link encodeBatch} of texts that are already split into words, as transformers' `is_split_into_words`: each word
   * is tokenized by itself, `wordIds` are places in the array, `offsets` count within the word.
   *
   * @throws TorchLoraError as encodeBatch; UNSUPPORTED for a byte-level tokenizer (RoBERTa) that does not put a space
   * before words: load it with `addPrefixSpace: true`.
   */
  encodeWords(inputs: readonly WordsInput[], options: EncodeOptions = {}): Promise<Encoding[]> {
    return this.#call(() => {
      if (!this.#facts.takesWords)
        throw new TorchLoraError(
          'UNSUPPORTED',
          `encodeWords: this ${this.tokenizerClass} takes a word without a space before it for the beginning of a text; load it with AutoTokenizer.fromPretrained(name, { addPrefixSpace: true })`,
        )
      return this.#encodeAll(inputs, options, collectWords)
    })
  }

  async #encodeAll<T extends string | string[]>(
    inputs: readonly unknown[],
    options: EncodeOptions,
    collect: Collect<T>,
  ): Promise<Encoding[]> {
    if (!Array.isArray(inputs))
      throw invalid(
        `expected an array of inputs, received ${describe(inputs)}; for one input call encode, or put it into an array`,
      )
    const settings = this.#checkOptions(options)
    const chars = FIRST_CHARS + 8 * settings.maxLength
    const results: Encoding[] = []
    const open: { start: number; reply: Promise<EncodeReply> }[] = []
    const finish = async () => {
      const { start, reply } = open.shift()!
      const done = await reply
      unpack(done, results, start)
      for (const i of done.again) {
        const { texts } = collect(inputs[start + i], start + i)
        results[start + i] = await this.#encodeMore(texts, start + i, { settings, chars: 8 * chars })
      }
    }
    for (let start = 0; start < inputs.length; ) {
      const texts: T[] = []
      const counts: number[] = []
      let sent = 0
      let i = start
      for (; i < inputs.length && texts.length < MESSAGE_TEXTS && sent < MESSAGE_CHARS; i++) {
        const input = collect(inputs[i], i)
        this.#checkInput(input.texts.length, i, settings)
        counts.push(input.texts.length)
        texts.push(...input.texts)
        sent += Math.min(input.chars, 2 * chars * input.texts.length)
      }
      // Two messages under way: the process has one to work on while the next travels.
      if (open.length === 2) await finish()
      const reply = this.#send(texts, { counts, first: start, settings, chars })
      reply.catch(() => {}) // awaited in finish; an earlier failure must not leave this one unhandled
      open.push({ start, reply })
      start = i
    }
    while (open.length > 0) await finish()
    return results
  }

  /** Sends texts, or as much of them as can matter: their beginnings, where they are truncated on the right. */
  #send<T extends string | string[]>(
    texts: T[],
    {
      counts,
      first,
      settings,
      chars,
    }: { counts: number[]; first: number; settings: EncodeSettings; chars: number },
  ): Promise<EncodeReply> {
    const request = { kind: 'encode' as const, first, counts: Uint8Array.from(counts), ...settings }
    if (texts.some((text) => typeof text !== 'string'))
      return this.#engine.request({ ...request, texts: [], words: texts as string[][] })
    const whole = texts as string[]
    const side = settings.side ?? this.#facts.truncationSide
    if (settings.stride >= 0 || side === 'left') return this.#engine.request({ ...request, texts: whole })
    const parts = whole.map((text) => beginning(text, chars, this.#facts.cuts))
    const cut = Uint8Array.from(parts, (part) => part.cut)
    return this.#engine.request({ ...request, texts: parts.map(({ text }) => text), cut })
  }

  /** An input of whose texts more is needed than their first characters. */
  async #encodeMore<T extends string | string[]>(
    texts: T[],
    first: number,
    { settings, chars }: { settings: EncodeSettings; chars: number },
  ): Promise<Encoding> {
    const reply = await this.#send(texts, { counts: [texts.length], first, settings, chars })
    if (reply.again.length > 0) return this.#encodeMore(texts, first, { settings, chars: 8 * chars })
    const [encoding] = unpack(reply, [], 0)
    return encoding!
  }

  /**
   * Text of token ids, as transformers' `decode` gives it without its clean-up of spaces before punctuation.
   * @throws TorchLoraError INVALID_ARGUMENT for an id that is not a whole number of 0 or more.
   */
  async decode(
    ids: ArrayLike<number>,
    options: { skipSpecialTokens?: boolean | undefined } = {},
  ): Promise<string> {
    const [text] = await this.decodeBatch([ids], options)
    return text!
  }

  /** {@link decode} of each element. */
  decodeBatch(
    batch: readonly ArrayLike<number>[],
    options: { skipSpecialTokens?: boolean | undefined } = {},
  ): Promise<string[]> {
    const skipSpecialTokens = options.skipSpecialTokens ?? true
    return this.#call(() =>
      this.#engine.request({ kind: 'decode', ids: batch.map(checkIds), skipSpecialTokens }),
    )
  }

  /** Id of each token, or undefined where the vocabulary lacks it. */
  async tokensToIds(tokens: readonly string[]): Promise<(number | undefined)[]> {
    const ids = await this.#call(() =>
      this.#engine.request({ kind: 'tokensToIds', tokens: tokens.map(String) }),
    )
    return ids.map((id) => id ?? undefined)
  }

  /** Token of each id, or undefined where there is none. */
  async idsToTokens(ids: ArrayLike<number>): Promise<(string | undefined)[]> {
    const tokens = await this.#call(() => this.#engine.request({ kind: 'idsToTokens', ids: checkIds(ids) }))
    return tokens.map((token) => token ?? undefined)
  }

  /**
   * Writes tokenizer.json, tokenizer_config.json and special_tokens_map.json into `dir` (made if need be), which
   * transformers and {@link AutoTokenizer} load. Each file appears whole or not at all.
   * @returns the paths written.
   * @throws TorchLoraError INVALID_FILE when the folder cannot be written.
   */
  save(dir: string): Promise<string[]> {
    return this.#call(() => this.#engine.request({ kind: 'save', dir }))
  }

  /** Ends its process after the calls under way; later calls fail with DISPOSED. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#calls)
    await this.#engine.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new TorchLoraError('DISPOSED', 'the tokenizer is closed; load it again')
    const call = work()
    this.#calls.add(call)
    try {
      return await call
    } finally {
      this.#calls.delete(call)
    }
  }

  #checkOptions(options: EncodeOptions): EncodeSettings {
    readOptions('Tokenizer.encode', options, encodeRules)
    const { truncation = 'longest_first', truncationSide, addSpecialTokens = true, offsets = false } = options
    const { maxLength, stride } = options
    const specials = addSpecialTokens ? this.#facts.specialTokensPerText : 0
    if (maxLength !== undefined && (!Number.isInteger(maxLength) || maxLength <= specials))
      throw invalid(
        `maxLength: expected a whole number above ${specials} (the special tokens around a text), received ${maxLength}`,
      )
    const length = maxLength ?? this.#facts.modelMaxLength
    if (stride !== undefined && (!Number.isInteger(stride) || stride < 0 || stride >= length - specials))
      throw invalid(
        `stride: expected a whole number from 0 to ${length - specials - 1} (maxLength less the special tokens less 1), received ${stride}`,
      )
    return {
      maxLength: length,
      stride: stride ?? -1,
      strategy: truncation,
      ...(truncationSide === undefined ? {} : { side: truncationSide }),
      addSpecialTokens,
      located: offsets,
    }
  }

  #checkInput(count: number, i: number, { maxLength, stride, strategy, addSpecialTokens }: EncodeSettings) {
    if (count === 1) {
      if (strategy === 'only_second')
        throw invalid(
          `input ${i} is one text: truncation "only_second" is for pairs; leave it out, or give a pair`,
        )
      return
    }
    if (stride >= 0 && strategy === 'longest_first')
      throw new TorchLoraError(
        'UNSUPPORTED',
        `input ${i} is a pair: a stride slides over one text; say which with truncation "only_first" or "only_second", or leave stride out to truncate pairs`,
      )
    const specials = addSpecialTokens ? this.#facts.specialTokensPerPair : 0
    if (maxLength <= specials)
      throw invalid(
        `maxLength: expected a whole number above ${specials} (the special tokens around a pair) for input ${i}, received ${maxLength}`,
      )
  }
}

type Collect<T> = (input: unknown, index: number) => { texts: T[]; chars: number }
type EncodeSettings = Omit<EncodeRequest, 'kind' | 'first' | 'texts' | 'cut' | 'words' | 'counts'>

function checkIds(ids: ArrayLike<number>): Uint32Array {
  const checked = new Uint32Array(ids.length)
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!
    if (!Number.isInteger(id) || id < 0 || id > 0xffffffff)
      throw invalid(`token id ${i}: expected a whole number of 0 or more, received ${id}`)
    checked[i] = id
  }
  return checked
}

/** Views of a reply's buffers, one encoding an input. */
function unpack(reply: EncodeReply, results: Encoding[], start: number): Encoding[] {
  const { ids, typeIds, bounds, windows, truncated, offsets, wordIds, sequenceIds } = reply
  const view = (w: number, cut: boolean, overflow: readonly Encoding[]): Encoding => {
    const [from, to] = [bounds[w]!, bounds[w + 1]!]
    return {
      ids: ids.subarray(from, to),
      typeIds: typeIds.subarray(from, to),
      ...(offsets && wordIds && sequenceIds
        ? {
            offsets: offsets.subarray(2 * from, 2 * to),
            wordIds: wordIds.subarray(from, to),
            sequenceIds: sequenceIds.subarray(from, to),
          }
        : {}),
      truncated: cut,
      overflow,
    }
  }
  let w = 0
  for (let i = 0; i < windows.length; i++) {
    if (windows[i] === 0) continue
    const first = w++
    const overflow: Encoding[] = []
    for (let k = 1; k < windows[i]!; k++, w++) overflow.push(view(w, w < first + windows[i]! - 1, []))
    results[start + i] = view(first, truncated[i] === 1, overflow)
  }
  return results
}
