import type { Kept, Layout, LayoutPiece } from './layout.ts'
import type { EncodeReply, EncodeRequest, NativeTokenizer } from './worker-messages.ts'

/** What an encoder is made of. */
export interface EncoderParts {
  native: NativeTokenizer
  layout: Layout
  side: 'left' | 'right'
  /** What {@link splitsAtSpaces} says of the tokenizer. */
  splitsAtSpaces: boolean
}

/** Functions of layout.ts, and the number of processor cores that this process may use. */
export interface EncoderScope {
  truncateLongestFirst(first: number, second: number, room: number): Kept
  slidingWindows(length: number, room: number, stride: number, side: 'left' | 'right'): [number, number][]
  cores: number
}

/**
 * Turns requests into token ids: each text by the engine, without special tokens or truncation; then both here. The
 * engine could do both, but keeps the length as state that concurrent calls would share.
 *
 * Travels to the worker as source text: no imports at run time.
 */
export function makeEncoder(
  { native, layout, side, splitsAtSpaces }: EncoderParts,
  scope: EncoderScope,
): (request: EncodeRequest) => Promise<EncodeReply> {
  const { truncateLongestFirst, slidingWindows } = scope
  const mayShorten = side === 'right' && splitsAtSpaces

  /**
   * The text up to the first harmless space after `chars` characters, or all of it. Only the first tokens survive
   * truncation: so a text of megabytes costs what its first kilobytes cost.
   */
  const beginning = (text: string, chars: number): string => {
    for (let at = text.indexOf(' ', chars); at >= 0 && at < 2 * chars; at = text.indexOf(' ', at + 1))
      if (/^[0-9A-Za-z] [0-9A-Za-z]$/.test(text.slice(at - 1, at + 2))) return text.slice(0, at)
    return text
  }

  // A task a text, on Node's thread pool, few at a time: two hide the way there and back, and more than the cores but
  // one would make the main thread's timers late. The engine's own batches take every core, through a second pool.
  const lanes = Math.max(2, Math.min(4, scope.cores - 1))

  /** Token ids of each text, without special tokens around it; at least `limit` of them where the text has so many. */
  const encodeTexts = async (texts: string[], limit: number): Promise<number[][]> => {
    const ids: number[][] = new Array(texts.length)
    let open = texts.map((_, i) => i)
    for (let chars = mayShorten ? 8 * limit + 256 : Number.POSITIVE_INFINITY; open.length > 0; chars *= 8) {
      const parts = open.map((i) => (texts[i]!.length > 2 * chars ? beginning(texts[i]!, chars) : texts[i]!))
      let next = 0
      const lane = async () => {
        while (next < parts.length) {
          const k = next++
          const encoding = await native.encode(parts[k]!, null, { addSpecialTokens: false })
          ids[open[k]!] = encoding.getIds()
        }
      }
      await Promise.all(Array.from({ length: lanes }, lane))
      open = open.filter((i, k) => parts[k]!.length < texts[i]!.length && ids[i]!.length <= limit)
    }
    return ids
  }

  const textsOnly = (pieces: LayoutPiece[]) => pieces.filter((piece) => piece.sequence >= 0)
  const bare: Layout = { single: textsOnly(layout.single), pair: textsOnly(layout.pair) }

  const encode = async (request: EncodeRequest): Promise<EncodeReply> => {
    const { texts, counts, maxLength, stride, addSpecialTokens } = request
    const raw = await encodeTexts(texts, stride < 0 ? maxLength : Number.POSITIVE_INFINITY)
    const { single, pair } = addSpecialTokens ? layout : bare
    // What each window takes: its layout, and [start, end) of one or two texts.
    const plan: {
      pieces: LayoutPiece[]
      ids: [number[], number[]]
      from: [number, number]
      to: [number, number]
    }[] = []
    const windows = new Int32Array(counts.length)
    const truncated = new Uint8Array(counts.length)
    let total = 0
    let t = 0
    counts.forEach((count, i) => {
      const pieces = count === 1 ? single : pair
      const specials = pieces.length - textsOnly(pieces).length
      const first = raw[t]!
      const second = count === 1 ? [] : raw[t + 1]!
      const room = maxLength - specials
      t += count
      if (stride >= 0) {
        const spans = slidingWindows(first.length, room, stride, side)
        for (const [from, to] of spans)
          plan.push({ pieces, ids: [first, second], from: [from, 0], to: [to, 0] })
        windows[i] = spans.length
        truncated[i] = spans.length > 1 ? 1 : 0
      } else {
        const kept = truncateLongestFirst(first.length, second.length, room)
        const left = side === 'left'
        const from: [number, number] = left
          ? [first.length - kept.first, second.length - kept.second]
          : [0, 0]
        plan.push({ pieces, ids: [first, second], from, to: [from[0] + kept.first, from[1] + kept.second] })
        windows[i] = 1
        truncated[i] = kept.first < first.length || kept.second < second.length ? 1 : 0
      }
    })
    for (const { pieces, from, to } of plan)
      for (const { sequence } of pieces) total += sequence < 0 ? 1 : to[sequence]! - from[sequence]!
    const ids = new Int32Array(total)
    const typeIds = new Int32Array(total)
    const offsets = new Int32Array(plan.length + 1)
    let at = 0
    plan.forEach((window, w) => {
      for (const piece of window.pieces) {
        const start = at
        if (piece.sequence < 0) ids[at++] = piece.id
        else {
          const text = window.ids[piece.sequence]!
          for (let k = window.from[piece.sequence]!; k < window.to[piece.sequence]!; k++) ids[at++] = text[k]!
        }
        if (piece.typeId !== 0) typeIds.fill(piece.typeId, start, at)
      }
      offsets[w + 1] = at
    })
    return { ids, typeIds, offsets, windows, truncated }
  }
  return encode
}
