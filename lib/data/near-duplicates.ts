/** Letters in a run. */
const run = 4
/** Shorter texts have too few runs to be compared by them. */
const shortest = 24
/** Longer texts are compared by their beginnings. */
const longest = 2000
/** Minima a text, and of these in each band: texts that share four fifths of their runs share a band nearly always. */
const bins = 64
const rows = 4
/** What is looked at, at most: a second or two. */
const bounds = { evaluate: 20_000, letters: 2e8, candidates: 30 }

/** A text that is nearly one to train on. */
export interface NearDuplicate {
  /** Places in the two lists. */
  evaluate: number
  train: number
}

/**
 * Texts of which at least `least` of all runs of four letters are those of a training text (Jaccard's index), by MinHash
 * with one permutation (Broder, 1997; Shrivastava and Li, "Densifying One Permutation Hashing", ICML 2014), each candidate
 * compared exactly. Of large sets the first 20,000 texts to measure on and the first 200 million letters to train on are
 * looked at.
 * @param train texts without case, spaces and punctuation, as are those of `evaluate`
 */
export function nearDuplicates(
  train: Iterable<string>,
  evaluate: readonly string[],
  { least = 0.8 }: { least?: number | undefined } = {},
): NearDuplicate[] {
  const open = new Map<string, number[]>()
  for (const [at, text] of evaluate.slice(0, bounds.evaluate).entries())
    for (const band of bandsOf(text)) {
      const bucket = open.get(band)
      if (!bucket) open.set(band, [at])
      else if (bucket.length < bounds.candidates) bucket.push(at)
    }
  const found = new Map<number, NearDuplicate>()
  const runs = new Map<number, Set<string>>()
  const runsOfEvaluate = (at: number) => {
    const known = runs.get(at) ?? runsOf(evaluate[at]!)
    runs.set(at, known)
    return known
  }
  let letters = 0
  let index = -1
  for (const text of train) {
    index++
    letters += Math.min(text.length, longest)
    if (letters > bounds.letters) break
    const candidates = new Set(bandsOf(text).flatMap((band) => open.get(band) ?? []))
    let own: ReadonlySet<string> | undefined
    for (const at of candidates) {
      if (found.has(at)) continue
      own ??= runsOf(text)
      if (overlap(runsOfEvaluate(at), own) >= least) found.set(at, { evaluate: at, train: index })
    }
  }
  return [...found.values()].sort((a, b) => a.evaluate - b.evaluate)
}

/** Keys that texts share where they share minima; none for a text that is too short. */
function bandsOf(text: string): string[] {
  if (text.length < shortest) return []
  const minima = new Uint32Array(bins).fill(0xffffffff)
  const end = Math.min(text.length, longest) - run
  for (let i = 0; i <= end; i++) {
    const hash = hashOf(text, i)
    const bin = hash % bins
    const value = Math.floor(hash / bins)
    if (value < minima[bin]!) minima[bin] = value
  }
  // An empty bin takes the next full one's, with how far it is.
  const dense = Array.from(minima, (value, bin) => {
    for (let step = 0; step < bins; step++) {
      const there = minima[(bin + step) % bins]!
      if (there !== 0xffffffff) return step === 0 ? String(value) : `${there}+${step}`
    }
    return ''
  })
  return Array.from(
    { length: bins / rows },
    (_, band) => `${band}:${dense.slice(band * rows, (band + 1) * rows).join()}`,
  )
}

/** FNV-1a of a run, mixed so that its low bits are as good as its high ones. */
function hashOf(text: string, at: number): number {
  let hash = 0x811c9dc5
  for (let i = at; i < at + run; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function runsOf(text: string): Set<string> {
  const found = new Set<string>()
  const end = Math.min(text.length, longest) - run
  for (let i = 0; i <= end; i++) found.add(text.slice(i, i + run))
  return found
}

/** What two sets share, of what they have together. */
function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [small, large] = a.size < b.size ? [a, b] : [b, a]
  let shared = 0
  for (const each of small) if (large.has(each)) shared++
  return shared / (a.size + b.size - shared)
}
