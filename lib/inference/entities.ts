import { argmax } from '../tasks/arithmetic.ts'

/** How tags of tokens become entities; the names, and the results, of transformers' TokenClassificationPipeline. */
export const aggregations = ['none', 'simple', 'first', 'average', 'max'] as const

/**
 * - 'none': a token each, with its tag.
 * - 'simple': neighbouring tokens of one type.
 * - 'first', 'average', 'max': of the tokens of a word one tag, that of the first, of the mean of their probabilities,
 *   or of the surest; then neighbouring words of one type.
 */
export type Aggregation = (typeof aggregations)[number]

/** A stretch of a text with what it is. `text.slice(start, end)` is `text` here: UTF-16 code units. */
export interface Entity<L extends string = string> {
  label: L
  score: number
  start: number
  end: number
  text: string
}

/** A token of a window, special ones left out. */
export interface TaggedToken {
  start: number
  end: number
  /** Probabilities of the labels. */
  scores: readonly number[]
  /** Whether it goes on with the word of the token before it. */
  continues: boolean
}

interface Piece {
  label: string
  score: number
  start: number
  end: number
}

/**
 * The entities of a text, from the tokens of its windows, as transformers' TokenClassificationPipeline finds them with
 * `aggregation_strategy` and, for several windows, `stride`; "E-" and "S-" of IOBES are read too, which it takes for
 * types of their own.
 */
export function entitiesOf(
  windows: readonly (readonly TaggedToken[])[],
  { labels, aggregation, text }: { labels: readonly string[]; aggregation: Aggregation; text: string },
): Entity[] {
  const found = windows.flatMap((tokens) => aggregate(tokens, labels, aggregation))
  const wanted = found.filter(({ label }) => label !== 'O')
  const merged = windows.length > 1 ? withoutOverlaps(wanted) : wanted
  return merged.map(({ label, score, start, end }) => ({
    label,
    score,
    start,
    end,
    text: text.slice(start, end),
  }))
}

function aggregate(
  tokens: readonly TaggedToken[],
  labels: readonly string[],
  aggregation: Aggregation,
): Piece[] {
  const piece = ({ start, end, scores }: TaggedToken): Piece => {
    const best = argmax(scores)
    return { label: labels[best]!, score: scores[best]!, start, end }
  }
  if (aggregation === 'none') return tokens.map(piece)
  if (aggregation === 'simple') return grouped(tokens.map(piece))
  const words: TaggedToken[][] = []
  for (const token of tokens) {
    if (token.continues && words.length > 0) words.at(-1)!.push(token)
    else words.push([token])
  }
  const decide = { first, average, max }[aggregation]
  return grouped(
    words.map((word) => piece({ ...decide(word), start: word[0]!.start, end: word.at(-1)!.end })),
  )
}

function first(word: readonly TaggedToken[]): TaggedToken {
  return word[0]!
}

function max(word: readonly TaggedToken[]): TaggedToken {
  const best = argmax(word.map(({ scores }) => Math.max(...scores)))
  return word[best]!
}

function average(word: readonly TaggedToken[]): TaggedToken {
  const scores = word[0]!.scores.map(
    (_, label) => word.reduce((sum, token) => sum + token.scores[label]!, 0) / word.length,
  )
  return { ...word[0]!, scores }
}

/** Neighbours of one type, unless the later one begins anew. */
function grouped(pieces: readonly Piece[]): Piece[] {
  const groups: Piece[][] = []
  let last: { begins: boolean; type: string } | undefined
  for (const piece of pieces) {
    const tag = tagOf(piece.label)
    if (last && tag.type === last.type && !tag.begins) groups.at(-1)!.push(piece)
    else groups.push([piece])
    last = tag
  }
  return groups.map((group) => ({
    label: typeOf(group[0]!.label),
    score: group.reduce((sum, { score }) => sum + score, 0) / group.length,
    start: group[0]!.start,
    end: group.at(-1)!.end,
  }))
}

function tagOf(label: string): { begins: boolean; type: string } {
  const [, part, type] = /^([BIES])-(.*)$/s.exec(label) ?? []
  return part === undefined
    ? { begins: false, type: label }
    : { begins: part === 'B' || part === 'S', type: type! }
}

/** What follows the first dash of a label. */
function typeOf(label: string): string {
  const dash = label.indexOf('-')
  return dash < 0 ? label : label.slice(dash + 1)
}

/** Of entities of neighbouring windows that overlap the longer one, of equally long ones the surer. */
function withoutOverlaps(pieces: readonly Piece[]): Piece[] {
  const kept: Piece[] = []
  for (const piece of [...pieces].sort((a, b) => a.start - b.start)) {
    const before = kept.at(-1)
    if (!before || piece.start >= before.end) {
      kept.push(piece)
      continue
    }
    const longer = piece.end - piece.start - (before.end - before.start)
    if (longer > 0 || (longer === 0 && piece.score > before.score)) kept[kept.length - 1] = piece
  }
  return kept
}
