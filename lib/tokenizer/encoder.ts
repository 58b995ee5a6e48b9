import { earlierEnds } from './beginning.ts'
import { fail } from './failure.ts'
import { type Layout, type LayoutPiece, slidingWindows, truncateLongestFirst } from './layout.ts'
import { type Shortened, shortenRuns } from './long-runs.ts'
import type { EncodeReply, EncodeRequest, NativeEncoding, NativeTokenizer } from './messages.ts'

/** Characters of a text that is long. */
const LONG = 1 << 16

/** What an encoder is made of. */
export interface EncoderParts {
  native: NativeTokenizer
  layout: Layout
  side: 'left' | 'right'
  /** Texts in the engine at once. */
  lanes: number
  /** Characters of a word that may be known, at most; null where there is no such number. */
  longestWord: number | null
}

/**
 * Turns requests into token ids: each text by the engine, without special tokens or truncation; then both here. The
 * engine could do both, but keeps the length as state that concurrent calls would share.
 */
export function makeEncoder({
  native,
  layout,
  side: defaultSide,
  lanes,
  longestWord,
}: EncoderParts): (request: EncodeRequest) => Promise<EncodeReply> {
  /** A text's tokens, without special tokens around them. */
  interface Tokens {
    ids: ArrayLike<number>
    /** Where each token begins and ends in the text, or in its word: [2T], in UTF-16 code units. */
    chars?: ArrayLike<number> | undefined
    /** The word of each token, [T]. */
    words?: ArrayLike<number> | undefined
    /** True where more of the text would change its first tokens. */
    unsure?: boolean | undefined
  }

  /** The engine counts code points; where all are of one UTF-16 code unit that is the same. */
  const inCodeUnits = (offsets: [number, number][], text: string): number[] => {
    const flat = offsets.flat()
    if (!/[\ud800-\udbff]/.test(text)) return flat
    const starts: number[] = []
    let at = 0
    for (const char of text) {
      starts.push(at)
      at += char.length
    }
    starts.push(at)
    return flat.map((codePoint) => starts[codePoint]!)
  }

  const whole = (text: string): Shortened => ({ text, placeOf: (at) => at })
  const shortened = (text: string): Shortened =>
    longestWord !== null && text.length > LONG ? shortenRuns(text, longestWord) : whole(text)

  const read = (encoding: NativeEncoding, { text, placeOf }: Shortened, located: boolean): Tokens => ({
    ids: encoding.getIds(),
    ...(located
      ? {
          chars: inCodeUnits(encoding.getOffsets(), text).map(placeOf),
          words: encoding.getWordIds().map((word) => word ?? -1),
        }
      : {}),
  })

  // A text that could not be cut takes the engine a hundred bytes a character, and seconds: one at a time, so that the
  // others go by.
  let lastLong: Promise<unknown> = Promise.resolve()
  const encodeText = (text: string): Promise<NativeEncoding> => {
    const start = () => native.encode(text, null, { addSpecialTokens: false })
    if (text.length <= LONG) return start()
    const encoding = lastLong.then(start)
    lastLong = encoding.catch(() => {})
    return encoding
  }

  /** Whether the first `count` tokens are the same wherever near its end the text ends. */
  const endsMatter = async (text: string, ids: ArrayLike<number>, count: number): Promise<boolean> => {
    for (const shorter of earlierEnds(text)) {
      const other = (await native.encode(shorter, null, { addSpecialTokens: false })).getIds()
      for (let k = 0; k < count; k++) if (other[k] !== ids[k]) return true
    }
    return false
  }

  /** The tokens of each text; of one to be probed that has enough of them, whether its end matters to
   * the first `maxLength`. */
  const encodeTexts = async ({ texts, cut: cuts, located, maxLength }: EncodeRequest): Promise<Tokens[]> => {
    const tokens: Tokens[] = new Array(texts.length)
    let next = 0
    const lane = async () => {
      while (next < texts.length) {
        const i = next++
        const sent = shortened(texts[i]!)
        const found = read(await encodeText(sent.text), sent, located)
        if (sent.text.length > LONG) globalThis.gc?.() // its encoding, of which V8 knows a handle only
        if (cuts?.[i] === 2 && found.ids.length > maxLength)
          found.unsure = await endsMatter(texts[i]!, found.ids, maxLength)
        tokens[i] = found
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    return tokens
  }

  /**
   * The tokens of texts that are words: each is encoded by itself, once however often it is there. At least `limit`
   * tokens of a text that has so many.
   */
  const encodeWords = async (texts: string[][], limit: number, located: boolean): Promise<Tokens[]> => {
    const known = new Map<string, Tokens>()
    const join = (words: string[]): Tokens => {
      const joined = { ids: [] as number[], chars: [] as number[], words: [] as number[] }
      words.forEach((word, w) => {
        const { ids, chars } = known.get(word)!
        for (let k = 0; k < ids.length; k++) {
          joined.ids.push(ids[k]!)
          if (located) {
            joined.words.push(w)
            joined.chars.push(chars![2 * k]!, chars![2 * k + 1]!)
          }
        }
      })
      return joined
    }
    const tokens: Tokens[] = new Array(texts.length)
    let open = texts.map((_, i) => i)
    for (let count = limit + 16; open.length > 0; count *= 8) {
      const parts = open.map((i) => texts[i]!.slice(0, count))
      const missing = [...new Set(parts.flat())].filter((word) => !known.has(word))
      for (let at = 0; at < missing.length; at += 512) {
        const some = missing.slice(at, at + 512)
        const encodings = await native.encodeBatch(some, { addSpecialTokens: false })
        encodings.forEach((encoding, k) => {
          known.set(some[k]!, read(encoding, whole(some[k]!), located))
        })
      }
      for (const [k, i] of open.entries()) tokens[i] = join(parts[k]!)
      open = open.filter((i) => texts[i]!.length > count && tokens[i]!.ids.length <= limit)
    }
    return tokens
  }

  const textsOnly = (pieces: LayoutPiece[]) => pieces.filter((piece) => piece.sequence >= 0)
  const bare: Layout = { single: textsOnly(layout.single), pair: textsOnly(layout.pair) }

  /** [start, end) of one or two texts, and the layout around them. */
  interface Window {
    pieces: LayoutPiece[]
    tokens: [Tokens, Tokens]
    from: [number, number]
    to: [number, number]
  }
  const none: Tokens = { ids: [], chars: [], words: [] }

  /** The windows of an input: one, unless there is a stride. */
  const cut = (request: EncodeRequest, texts: Tokens[], input: number): Window[] => {
    const { maxLength, stride, strategy } = request
    const side = request.side ?? defaultSide
    const pair = texts.length === 2
    const layouts = request.addSpecialTokens ? layout : bare
    const pieces = pair ? layouts.pair : layouts.single
    const room = maxLength - (pieces.length - textsOnly(pieces).length)
    const tokens: Window['tokens'] = [texts[0]!, texts[1] ?? none]
    const lengths = tokens.map(({ ids }) => ids.length) as [number, number]
    const window = (from: [number, number], to: [number, number]): Window => ({ pieces, tokens, from, to })
    const total = lengths[0] + lengths[1]
    if (total <= room) return [window([0, 0], lengths)]
    if (pair && strategy === 'longest_first') {
      const { first, second } = truncateLongestFirst(lengths[0], lengths[1], room)
      const from: [number, number] = side === 'left' ? [lengths[0] - first, lengths[1] - second] : [0, 0]
      return [window(from, [from[0] + first, from[1] + second])]
    }
    // One of the texts is cut; the other stays whole.
    const which = pair && strategy === 'only_second' ? 1 : 0
    const left = room - (total - lengths[which])
    if (left <= Math.max(stride, 0))
      throw fail(
        'TOO_LONG',
        `input ${request.first + input}: the ${which === 0 ? 'second' : 'first'} text has ${lengths[1 - which]} tokens, which leaves ${Math.max(left, 0)} of ${maxLength} for the other; truncation "${strategy}" cuts only that and needs more than ${stride > 0 ? `the stride, ${stride}` : 0}: shorten the text, raise maxLength${stride > 0 ? ', lower the stride' : ''} or use "longest_first"`,
      )
    const spans =
      stride >= 0
        ? slidingWindows(lengths[which], left, stride, side)
        : [side === 'left' ? [lengths[which] - left, lengths[which]] : [0, left]]
    return spans.map(([start, end]) =>
      which === 0 ? window([start!, 0], [end!, lengths[1]]) : window([0, start!], [lengths[0], end!]),
    )
  }

  const encode = async (request: EncodeRequest): Promise<EncodeReply> => {
    const { counts, stride, located } = request
    // What is behind maxLength matters to windows, and to what is cut from the left.
    const beginnings = stride < 0 && (request.side ?? defaultSide) === 'right'
    const limit = beginnings ? request.maxLength : Number.POSITIVE_INFINITY
    const tokens =
      request.words === undefined
        ? await encodeTexts(request)
        : await encodeWords(request.words, limit, located)
    const again: number[] = []
    const plan: Window[] = []
    const windows = new Int32Array(counts.length)
    const truncated = new Uint8Array(counts.length)
    let t = 0
    counts.forEach((count, i) => {
      const texts = tokens.slice(t, t + count)
      if (
        texts.some(
          ({ ids, unsure }, k) => unsure || (request.cut?.[t + k] && ids.length <= request.maxLength),
        )
      )
        again.push(i)
      const found = again.at(-1) === i ? [] : cut(request, texts, i)
      t += count
      plan.push(...found)
      windows[i] = found.length
      if (found.length === 0) return
      const { from, to } = found[0]!
      truncated[i] = texts.some(({ ids }, k) => to[k]! - from[k]! < ids.length) ? 1 : 0
    })
    let total = 0
    for (const { pieces, from, to } of plan)
      for (const { sequence } of pieces) total += sequence < 0 ? 1 : to[sequence]! - from[sequence]!
    const ids = new Int32Array(total)
    const typeIds = new Int32Array(total)
    const bounds = new Int32Array(plan.length + 1)
    const places = located
      ? {
          offsets: new Int32Array(2 * total),
          wordIds: new Int32Array(total).fill(-1),
          sequenceIds: new Int32Array(total).fill(-1),
        }
      : undefined
    let at = 0
    plan.forEach((window, w) => {
      for (const piece of window.pieces) {
        const start = at
        if (piece.sequence < 0) ids[at++] = piece.id
        else {
          const text = window.tokens[piece.sequence]!
          for (let k = window.from[piece.sequence]!; k < window.to[piece.sequence]!; k++, at++) {
            ids[at] = text.ids[k]!
            if (places) {
              places.offsets[2 * at] = text.chars![2 * k]!
              places.offsets[2 * at + 1] = text.chars![2 * k + 1]!
              places.wordIds[at] = text.words![k]!
            }
          }
          places?.sequenceIds.fill(piece.sequence, start, at)
        }
        if (piece.typeId !== 0) typeIds.fill(piece.typeId, start, at)
      }
      bounds[w + 1] = at
    })
    return { ids, typeIds, bounds, windows, truncated, again, ...places }
  }
  return encode
}
