import { lineOfWord, type TextSpan, type TokenExample } from '../data/token-examples.ts'
import { TorchLoraError } from '../errors.ts'
import type { Encoding } from '../tokenizer/index.ts'
import { repairedTags } from './iob.ts'

/**
 * Classes of tags, one a word.
 * @throws TorchLoraError INCOMPATIBLE naming file, line and tag where one is not the model's, or words and tags are of
 * unequal number
 */
export function tagIds(
  tags: readonly string[],
  {
    example,
    ids,
    labels,
  }: { example: TokenExample; ids: ReadonlyMap<string, number>; labels: readonly string[] },
): Int32Array {
  if (example.words && example.words.length !== tags.length)
    throw wrong(
      example,
      `${example.words.length} words and ${tags.length} tags; give each word one, "O" where it is none`,
    )
  return Int32Array.from(tags, (tag, word) => {
    const id = ids.get(tag)
    if (id === undefined) throw unknownTag(example, { tag, word, labels })
    return id
  })
}

/**
 * Checks the tags of words, or the labels of stretches, before a text is tokenized.
 * @throws TorchLoraError INCOMPATIBLE naming file, line and tag
 */
export function checkTags(example: TokenExample, labels: readonly string[]): void {
  if (example.words) {
    const ids = new Map(labels.map((label, id) => [label, id]))
    tagIds(example.tags ?? [], { example, ids, labels })
    return
  }
  for (const { label } of sortedSpans(example))
    for (const tag of [`B-${label}`, `I-${label}`])
      if (!labels.includes(tag)) throw unknownTag(example, { tag, labels })
}

/**
 * A tag for each word of a text: "B-" at the first word that begins in a stretch, "I-" at the others, "O" outside.
 * @throws TorchLoraError INCOMPATIBLE for stretches that overlap, are empty, or end outside the text
 */
export function spanTags(example: TokenExample, windows: readonly Encoding[]): string[] {
  const spans = sortedSpans(example)
  const starts: number[] = []
  for (const { wordIds, offsets } of windows)
    for (const [t, word] of wordIds!.entries())
      if (word >= 0 && starts[word] === undefined) starts[word] = offsets![2 * t]!
  let open: { end: number } | undefined
  return Array.from(starts, (start) => {
    const span = start === undefined ? undefined : spans.find((one) => start >= one.start && start < one.end)
    if (!span) return 'O'
    const goesOn = open === span
    open = span
    return `${goesOn ? 'I' : 'B'}-${span.label}`
  })
}

/** The labelled stretches of a text by their place. @throws TorchLoraError INCOMPATIBLE as `spanTags` */
function sortedSpans(example: TokenExample): TextSpan[] {
  const { text = '', entities = [] } = example
  const spans = [...entities].sort((a, b) => a.start - b.start)
  for (const [i, { start, end, label }] of spans.entries()) {
    if (start < 0 || end > text.length || start >= end)
      throw wrong(
        example,
        `the entity "${label}" from ${start} to ${end} is not within the text of ${text.length}: offsets count UTF-16 code units from 0, and end is behind the last`,
      )
    const next = spans[i + 1]
    if (next && next.start < end)
      throw wrong(
        example,
        `the entities "${label}" (${start} to ${end}) and "${next.label}" (${next.start} to ${next.end}) overlap: a word has one tag, leave one of them away`,
      )
  }
  return spans
}

/** What is to be said of tags that cannot stand where they do: how many, where the first is, how they are read. */
export function describeRepairs(examples: readonly TokenExample[]): string[] {
  const repaired = examples.flatMap((example) =>
    repairedTags(example.tags ?? []).map((word) => ({ example, word })),
  )
  const [first] = repaired
  if (!first) return []
  const { example, word } = first
  const { tags } = example
  const before = word === 0 ? 'at the beginning' : `after ${JSON.stringify(tags![word - 1])}`
  const place = placeOf({ ...example, line: lineOfWord(example, word) })
  const [are, entities] = repaired.length === 1 ? ['tag goes', 'an entity'] : ['tags go', 'entities']
  return [
    `${repaired.length} ${are} on with ${entities} that had not begun, the first ${JSON.stringify(tags![word])} ${before} (${place}): read as a beginning, as seqeval does. Write "B-" where an entity begins.`,
  ]
}

function unknownTag(
  example: TokenExample,
  { tag, word, labels }: { tag: string; word?: number; labels: readonly string[] },
): TorchLoraError {
  const known = labels.slice(0, 20).join(', ') + (labels.length > 20 ? ` and ${labels.length - 20} more` : '')
  return wrong(
    word === undefined ? example : { ...example, line: lineOfWord(example, word) },
    `the tag ${JSON.stringify(tag)} is none of the model's: ${known}; correct the data, or name all tags in \`labels\``,
  )
}

function wrong(example: TokenExample, problem: string): TorchLoraError {
  const { file } = example
  return new TorchLoraError(
    'INCOMPATIBLE',
    `${placeOf(example)}: ${problem}.`,
    file === undefined ? {} : { file },
  )
}

function placeOf({ file, line, words, text }: TokenExample): string {
  if (file !== undefined) return line === undefined ? file : `${file}, line ${line}`
  return `example ${JSON.stringify((text ?? words?.join(' ') ?? '').slice(0, 40))}`
}
