import { setImmediate } from 'node:timers/promises'
import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { list, number, type Rules, readOptions, whole } from '../options.ts'
import { MaskedLanguageModel } from '../tasks/masked-lm.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
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
import type { EncodedRequest, EncodedWindow } from './text-pipeline.ts'
import { likeliest } from './vocabulary-scores.ts'

/** How a {@link MaskFiller} is loaded. */
export type MaskFillerOptions = CutOptions

/** What one call of {@link MaskFiller.fill} may ask for. */
export interface FillOptions extends CutCallOptions {
  /** Words of a mask, the likeliest first: 1 to 1000. Default 5, or as many as there are targets. */
  topK?: number | undefined
  /** The words to choose from, each of them one token. Default: the whole vocabulary. */
  targets?: readonly string[] | undefined
}

/** A word in the place of a mask. */
export interface MaskedWord {
  /** The token as text, with the space before it where it has one. */
  token: string
  id: number
  /** Its probability among the whole vocabulary. */
  score: number
}

/** What may stand in the masks of a text. */
export interface Filling {
  /** Of each mask, in their order, words, the likeliest first. */
  masks: MaskedWord[][]
  /** Tokens that the model read, special tokens included. */
  tokens: number
  /** Whether the text was longer than that. */
  truncated: boolean
}

const fillRules: Rules<FillOptions> = {
  ...cutCallRules,
  topK: (value) => whole(1)(value) ?? number({ least: 1, most: 1000 })(value),
  targets: list('words', 1),
}

/** Masks of a text at most: of each the model scores its whole vocabulary. */
const mostMasks = 64

interface EncodedText extends EncodedRequest {
  /** Tokens to choose from; null for all. */
  targets: readonly number[] | null
}

/**
 * Finds the words that are hidden in a text behind the model's mask token (`maskToken`). The results of transformers'
 * FillMaskPipeline.
 */
export class MaskFiller extends TextModel<MaskedLanguageModel, string, Filling, FillOptions> {
  readonly task = 'masked-language-model'
  /** @internal */
  protected readonly kind = MaskedLanguageModel
  /** @internal */
  protected readonly verb = 'fill'
  /** @internal */
  protected readonly callRules = fillRules

  private constructor(engine: Engine<MaskedLanguageModel>, options: MaskFillerOptions) {
    super(engine, options)
  }

  /**
   * Loads a model folder or hub id with its tokenizer. `mergeAdapter` is merged into the weights; `adapters` stay apart and
   * are chosen by each call.
   * @throws TorchLoraError INCOMPATIBLE for a tokenizer without a mask; UNSUPPORTED for a family without such a head;
   * INVALID_FILE, UNSAFE_FILE, NETWORK, INVALID_ARGUMENT
   */
  static async load(dirOrId: string, options: MaskFillerOptions = {}): Promise<MaskFiller> {
    const own = { device: 'auto', ...readOptions('MaskFiller.load', options, cutRules) }
    const engine = await loadEngine(MaskedLanguageModel, dirOrId, own)
    return await new MaskFiller(engine, own).ready()
  }

  /**
   * A mask filler of a model that is in memory, an adapter on it included, as it is now. Model and tokenizer stay yours:
   * keep them, and leave the model as it is, until this is closed.
   * @throws TorchLoraError INCOMPATIBLE where they do not belong together, INVALID_ARGUMENT, OUT_OF_MEMORY
   */
  static async from(
    model: Model<MaskedLanguageModel>,
    tokenizer: Tokenizer,
    options: CutFromOptions = {},
  ): Promise<MaskFiller> {
    readOptions('MaskFiller.from', options, cutFromRules)
    const engine = await Engine.of(model, tokenizer, options)
    return await new MaskFiller(engine, options).ready()
  }

  /** What stands in a text where a word is to be found: "[MASK]", "<mask>". */
  get maskToken(): string {
    return maskOf(this.tokenizer).token
  }

  /**
   * Words for the masks of a text, or of each of an array.
   *
   * ```ts
   * const { masks: [words] } = await filler.fill(`It was a ${filler.maskToken} film.`, { topK: 3 })
   * ```
   * @throws TorchLoraError INVALID_ARGUMENT for a text without a mask or with more than 64, or a target that is not one
   * token; TOO_LONG where a mask lies beyond what the model reads; QUEUE_FULL at once when too many wait, ABORTED on a
   * signal, TIMEOUT, DISPOSED after close(), OUT_OF_MEMORY, NATIVE
   */
  fill(text: string, options?: FillOptions): Promise<Filling>
  fill(texts: readonly string[], options?: FillOptions): Promise<Filling[]>
  async fill(input: string | readonly string[], options: FillOptions = {}): Promise<unknown> {
    return this.respondOneOrMany(input, options)
  }

  /**
   * Words for the masks of any number of rows, in order: each result, with its `row`, as soon as it and those before it
   * are there.
   * @throws TorchLoraError as `fill`, but never QUEUE_FULL
   */
  fillAll<Row extends string, E extends OnError = 'throw'>(
    rows: Iterable<Row> | AsyncIterable<Row>,
    options?: FillOptions & StreamRowOptions<Row, string, E>,
  ): AsyncGenerator<StreamResult<Row, Filling, E>, void, undefined>
  fillAll<Row, E extends OnError = 'throw'>(
    rows: Iterable<Row> | AsyncIterable<Row>,
    options: FillOptions & StreamRowOptions<Row, string, E> & { input: (row: Row) => string },
  ): AsyncGenerator<StreamResult<Row, Filling, E>, void, undefined>
  fillAll(
    rows: Iterable<unknown> | AsyncIterable<unknown>,
    options: FillOptions & StreamRowOptions<unknown, string> = {},
  ): AsyncGenerator<never, void, undefined> {
    return this.respondAll(rows, options) as AsyncGenerator<never, void, undefined>
  }

  /** @internal */
  protected override get warmUpRows(): readonly number[] {
    return [0]
  }

  /** @internal */
  protected override checkModel({ tokenizer }: Engine<MaskedLanguageModel>): void {
    maskOf(tokenizer)
  }

  /** @internal */
  protected async encode(
    inputs: readonly string[],
    { engine, first, options, ...context }: EncodeContext<MaskedLanguageModel, FillOptions>,
  ): Promise<EncodedText[]> {
    const { tokenizer } = engine
    const mask = maskOf(tokenizer)
    const texts = inputs.map((input, i) => {
      const text = textOf(input, `Input ${first + i}`)
      checkMasks(text, mask.token, `Input ${first + i}`)
      return text
    })
    const [encodings, targets] = await Promise.all([
      encodeTexts(engine, texts, { ...context, first }),
      options.targets ? targetIds(tokenizer, options.targets) : null,
    ])
    return encodings.map((encoding, i): EncodedText => {
      const rows = Array.from(encoding.ids.keys()).filter((t) => encoding.ids[t] === mask.id)
      if (rows.length < masksIn(texts[i]!, mask.token))
        throw new TorchLoraError(
          'TOO_LONG',
          `Input ${first + i} has a ${mask.token} beyond the ${context.maxLength} tokens that are read: shorten it around the mask.`,
        )
      return { texts: [[{ ...encoding, rows }]], targets }
    })
  }

  /** @internal */
  protected async decode(
    { texts: [windows], targets }: EncodedText,
    [outputs]: readonly (readonly Float32Array[])[],
    { engine, options }: DecodeContext<MaskedLanguageModel, FillOptions>,
  ): Promise<Filling> {
    const [{ ids, rows, truncated }] = windows as readonly [EncodedWindow]
    const [logits] = outputs as readonly [Float32Array]
    const { topK = targets?.length ?? 5 } = options
    const width = logits.length / rows!.length
    const found: { id: number; score: number }[][] = []
    for (const i of rows!.keys()) {
      // A vocabulary takes a millisecond or some: whatever else is ready has its turn in between.
      if (i > 0) await setImmediate()
      found.push(likeliest(logits.subarray(i * width, (i + 1) * width), { topK, among: targets }))
    }
    const names = await engine.tokenizer.decodeBatch(
      found.flat().map(({ id }) => [id]),
      { skipSpecialTokens: false },
    )
    let at = 0
    const masks = found.map((words) => words.map(({ id, score }) => ({ token: names[at++]!, id, score })))
    return { masks, tokens: ids.length, truncated }
  }
}

/** @throws TorchLoraError INCOMPATIBLE for a tokenizer without a mask */
function maskOf({ specialTokens, tokenizerClass }: Tokenizer): { token: string; id: number } {
  const { mask } = specialTokens
  if (mask) return mask
  throw new TorchLoraError(
    'INCOMPATIBLE',
    `This ${tokenizerClass} has no mask token: nothing can be hidden in a text for it.`,
  )
}

const masksIn = (text: string, mask: string) => text.split(mask).length - 1

function checkMasks(text: string, mask: string, what: string): void {
  const count = masksIn(text, mask)
  if (count > 0 && count <= mostMasks) return
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    count === 0
      ? `${what} hides nothing: put ${mask} where a word is to be found.`
      : `${what} has ${count} masks, and at most ${mostMasks} can be filled at once: split it.`,
  )
}

/** @throws TorchLoraError INVALID_ARGUMENT for targets that are not a token each */
async function targetIds(tokenizer: Tokenizer, targets: readonly string[]): Promise<number[]> {
  const texts = targets.map((target, i) => textOf(target, `targets[${i}]`))
  const encodings = await tokenizer.encodeBatch(texts, { addSpecialTokens: false })
  const wrong = encodings.findIndex(({ ids }) => ids.length !== 1 || ids[0] === tokenizer.unkTokenId)
  if (wrong < 0) return encodings.map(({ ids }) => ids[0]!)
  const pieces = await tokenizer.idsToTokens(encodings[wrong]!.ids)
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `targets: ${JSON.stringify(texts[wrong])} is not one token of this model (${pieces.join(' ') || 'nothing'}), and a mask stands for one.`,
  )
}
