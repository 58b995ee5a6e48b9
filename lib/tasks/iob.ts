/** A run of words of one type, from word `start` up to, not including, `end`. */
export interface Chunk {
  type: string
  start: number
  end: number
}

/** A tag's part ("B", "I", "E", "S", "O") and its type. */
function split(tag: string): { part: string; type: string } {
  const dash = tag.indexOf('-')
  return dash < 0
    ? { part: tag[0] ?? 'O', type: tag.slice(1) || '_' }
    : { part: tag[0]!, type: tag.slice(dash + 1) || '_' }
}

/**
 * The entities that a sequence of IOB or IOBES tags means. A sequence that cannot be is read as it most likely was
 * meant: an "I" without a beginning begins an entity. Matches seqeval's `get_entities`.
 */
export function chunksOf(tags: readonly string[]): Chunk[] {
  const chunks: Chunk[] = []
  let before = { part: 'O', type: '' }
  let start = 0
  for (const [i, tag] of [...tags, 'O'].entries()) {
    const here = split(tag)
    if (ends(before, here)) chunks.push({ type: before.type, start, end: i })
    if (begins(before, here)) start = i
    before = here
  }
  return chunks
}

type Tag = ReturnType<typeof split>

function ends(before: Tag, here: Tag): boolean {
  if (before.part === 'E' || before.part === 'S') return true
  if ('BI'.includes(before.part) && 'BSO'.includes(here.part)) return true
  return before.part !== 'O' && before.part !== '.' && before.type !== here.type
}

function begins(before: Tag, here: Tag): boolean {
  if (here.part === 'B' || here.part === 'S') return true
  if ('ESO'.includes(before.part) && 'EI'.includes(here.part)) return true
  return here.part !== 'O' && here.part !== '.' && before.type !== here.type
}

/** Precision, recall and F1 over all entities of all texts (micro average), as seqeval counts them: 0 where none is right. */
export function entityScores(
  predicted: readonly (readonly string[])[],
  tagged: readonly (readonly string[])[],
): { precision: number; recall: number; f1: number } {
  let right = 0
  let found = 0
  let there = 0
  for (const [i, tags] of tagged.entries()) {
    const truth = new Set(chunksOf(tags).map(({ type, start, end }) => `${start} ${end} ${type}`))
    const guesses = chunksOf(predicted[i]!)
    there += truth.size
    found += guesses.length
    right += guesses.filter(({ type, start, end }) => truth.has(`${start} ${end} ${type}`)).length
  }
  const precision = found === 0 ? 0 : right / found
  const recall = there === 0 ? 0 : right / there
  return { precision, recall, f1: right === 0 ? 0 : (2 * precision * recall) / (precision + recall) }
}

/**
 * Places of the tags, "I-..." and "E-...", that go on with an entity which has not begun: what `chunksOf` reads as a
 * beginning.
 */
export function repairedTags(tags: readonly string[]): number[] {
  let before: Tag = { part: 'O', type: '' }
  return Array.from(tags.keys()).filter((i) => {
    const here = split(tags[i]!)
    const goesOn = 'BI'.includes(before.part) && before.type === here.type
    before = here
    return /^[IE]-/.test(tags[i]!) && !goesOn
  })
}
