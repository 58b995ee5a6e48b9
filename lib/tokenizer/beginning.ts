/** Where a text may be cut so that the tokens before the cut are those of the whole text: see `safeCuts`. */
export interface Cuts {
  /** Before a single space between letters, digits or ASCII punctuation. */
  spaces: boolean
  /** Before a single line break or tab there. */
  breaks: boolean
  /** Between two ideographs. */
  ideographs: boolean
  /** Before a comma, a full stop and the like that follow a letter or digit. */
  marks: boolean
  /** Anywhere, where the tokens before are the same wherever it is: all changes are by what stands near. */
  probes: boolean
}

const solid = '[\\p{L}\\p{N}!-~]'
const ideograph = '[\\u4e00-\\u9fff]'

const patterns = new Map<string, RegExp | undefined>()
function patternOf({ spaces, breaks, ideographs, marks }: Cuts): RegExp | undefined {
  const key = `${spaces} ${breaks} ${ideographs} ${marks}`
  if (!patterns.has(key)) {
    const alternatives = [
      ...(spaces ? [`(?<=${solid})[ ${breaks ? '\\n\\t' : ''}](?=${solid})`] : []),
      ...(marks ? ['(?<=[\\p{L}\\p{N}])(?=[,;!?.、。，！？；：])'] : []),
      ...(ideographs ? [`(?<=${ideograph})(?=${ideograph})`] : []),
    ]
    patterns.set(key, alternatives.length === 0 ? undefined : new RegExp(alternatives.join('|'), 'u'))
  }
  return patterns.get(key)
}

/** How far a text is sent. */
export interface Beginning {
  text: string
  /** 0 for all of it, 1 for its beginning up to a safe cut, 2 for one whose tokens have to be probed. */
  cut: 0 | 1 | 2
}

/**
 * The text up to the first cut after `chars` characters and before twice as many. Only the first tokens survive
 * truncation: so a text of megabytes costs what its first kilobytes cost.
 */
export function beginning(text: string, chars: number, cuts: Cuts): Beginning {
  if (text.length <= 2 * chars) return { text, cut: 0 }
  const part = text.slice(chars, 2 * chars)
  const found = patternOf(cuts)?.exec(part)
  if (found) return { text: text.slice(0, chars + found.index), cut: 1 }
  return cuts.probes
    ? { text: text.slice(0, 2 * chars).replace(/[\ud800-\udbff]$/, ''), cut: 2 }
    : { text, cut: 0 }
}

/** Ends of a beginning that are probed: as many as the longest piece of most vocabularies has characters. */
const ENDS = 16

/**
 * The same beginning, ended one, two, ... characters earlier. The best way through pieces to any later end passes
 * one of these, so tokens that all of them begin with are those of the whole text; merges of pairs reach no further.
 */
export function earlierEnds(text: string): string[] {
  const tail = Array.from(text.slice(-4 * ENDS)).slice(-ENDS)
  const ends: string[] = []
  let length = text.length
  for (const char of tail.reverse()) {
    length -= char.length
    ends.push(text.slice(0, length))
  }
  return ends
}
