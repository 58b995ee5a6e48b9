import { Random } from './random.ts'

/** How words are hidden for a model to find (Devlin et al., 2019, appendix A). */
export interface MaskingOptions {
  /** The share of tokens that are to be found. Default 0.15. */
  probability?: number
  /** Choose words and hide all their tokens, instead of tokens. Default false. */
  wholeWords?: boolean
}

/** What a masked text is made of. */
export interface MaskingVocabulary {
  maskTokenId: number
  vocabSize: number
}

/** A text with hidden tokens, and where they are. */
export interface Masked {
  /** [T] */
  ids: Int32Array
  /** Places of the tokens that are to be found, rising; never none. */
  places: number[]
}

/**
 * Chooses tokens of a text: of those chosen, 80 % become the mask, 10 % another token, 10 % stay. Special tokens, whose
 * word is -1, are never chosen. What is chosen follows from `seed` and `stream` alone.
 * @param text ids and wordIds, [T]
 */
export function maskTokens(
  { ids, wordIds }: { ids: Int32Array; wordIds: Int32Array },
  { maskTokenId, vocabSize }: MaskingVocabulary,
  { probability = 0.15, wholeWords = false, seed, stream }: MaskingOptions & { seed: number; stream: number },
): Masked {
  const random = new Random(seed, stream)
  const uniform = () => random.uint32() / 2 ** 32
  const own = Array.from(ids.keys()).filter((t) => wordIds[t]! >= 0)
  const units = wholeWords ? wordsOf(own, wordIds) : own.map((t) => [t])
  let chosen = units.filter(() => uniform() < probability)
  if (chosen.length === 0 && units.length > 0) chosen = [units[random.below(units.length)]!]
  const masked = ids.slice()
  const places = chosen.flat()
  for (const t of places) {
    const draw = uniform()
    if (draw < 0.8) masked[t] = maskTokenId
    else if (draw < 0.9) masked[t] = random.below(vocabSize)
  }
  return { ids: masked, places }
}

/** The tokens of each word, in order. */
function wordsOf(places: readonly number[], wordIds: Int32Array): number[][] {
  const words: number[][] = []
  for (const [n, t] of places.entries()) {
    const before = places[n - 1]
    if (before === t - 1 && wordIds[before!] === wordIds[t]) words.at(-1)!.push(t)
    else words.push([t])
  }
  return words
}
