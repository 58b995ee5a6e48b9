/** A text whose long runs are shortened. */
export interface Shortened {
  text: string
  /** The place in the whole text of one in the shortened one, in UTF-16 code units. */
  placeOf(at: number): number
}

type Kind = 'word' | 'white' | 'other'

const word = /^(?!\ufffd)[\p{L}\p{N}\p{So}]$/u // BERT's normalizer takes U+FFFD away
const ideograph = /^\p{Ideographic}$/u
const white = /^[ \t\n\r]$/

/** A character that is a part of its word and leaves at least one character of it behind, white space, or another. */
function kindOf(char: string): Kind {
  if (white.test(char)) return 'white'
  return word.test(char) && !ideograph.test(char) ? 'word' : 'other'
}

/**
 * Shortens runs of letters, digits and signs, and of white space, for a tokenizer that takes any word of more than
 * `longest` characters for one unknown token, and any white space for the end of a word: the tokens are the same.
 */
export function shortenRuns(text: string, longest: number): Shortened {
  // Code units: more than `longest` characters also where composition (NFC) makes one of three.
  const keep = 8 * (longest + 1)
  const kinds = new Map<number, Kind>()
  const kindAt = (at: number): Kind => {
    const code = text.codePointAt(at)!
    let kind = kinds.get(code)
    if (kind === undefined) {
      kind = kindOf(String.fromCodePoint(code))
      kinds.set(code, kind)
    }
    return kind
  }
  const parts: string[] = []
  /** Places in the shortened text, and what is missing before and at each. */
  const cuts: { at: number; missing: number }[] = []
  let done = 0
  let missing = 0
  for (let at = 0; at < text.length; ) {
    const kind = kindAt(at)
    const start = at
    let end = start // behind what is kept of the run
    do {
      at += text.codePointAt(at)! > 0xffff ? 2 : 1
      if (at - start <= keep) end = at
    } while (kind !== 'other' && at < text.length && kindAt(at) === kind)
    if (end === at) continue
    parts.push(text.slice(done, end))
    missing += at - end
    cuts.push({ at: at - missing, missing })
    done = at
  }
  if (cuts.length === 0) return { text, placeOf: (at) => at }
  parts.push(text.slice(done))
  return { text: parts.join(''), placeOf: (at) => at + (lastBefore(cuts, at)?.missing ?? 0) }
}

/** The last of the cuts that is at a place or before it. */
function lastBefore<C extends { at: number }>(cuts: readonly C[], place: number): C | undefined {
  let [low, high] = [0, cuts.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (cuts[middle]!.at <= place) low = middle + 1
    else high = middle
  }
  return cuts[low - 1]
}
