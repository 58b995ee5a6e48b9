import { type Example, type ReadExamplesOptions, readExamples } from './examples.ts'
import { fileError, isJsonLines, type JsonLine, readJsonLines } from './lines.ts'

/**
 * Texts that are to be near each other or apart: a pair with a score; or an anchor, the text that belongs to it, and
 * texts that do not.
 */
export interface SimilarityExample {
  /** Anchor, positive, negatives; with `score`, the two texts that it is of. */
  texts: readonly string[]
  /** How alike they are; by convention from 0 to 1, which only the cosine loss needs. */
  score?: number
  /** Where it was read, for messages. */
  file?: string
  line?: number
}

/**
 * Reads pairs, scored pairs and triplets: from .jsonl `{"anchor", "positive", "negative"}` (`negative` a text, several,
 * or left out), or any file that `readExamples` reads, of which a label is the score.
 * @throws TorchLoraError INVALID_FILE naming file and line
 */
export async function readSimilarityExamples(
  path: string,
  options: ReadExamplesOptions = {},
): Promise<SimilarityExample[]> {
  if (!isJsonLines(path)) return pairsOf(await readExamples(path, options), path)
  let first: Record<string, unknown> | undefined
  for await (const line of readJsonLines(path)) {
    first = objectAt(path, line)
    break
  }
  if (!first || !('anchor' in first || 'positive' in first))
    return pairsOf(await readExamples(path, options), path)
  const examples: SimilarityExample[] = []
  for await (const line of readJsonLines(path)) {
    const { anchor, positive, negative = [], negatives = negative } = objectAt(path, line)
    const texts = [anchor, positive, ...(Array.isArray(negatives) ? negatives : [negatives])]
    if (!texts.every((one) => typeof one === 'string'))
      throw fileError(
        path,
        `expected {"anchor": text, "positive": text, "negative"?: a text or several}, received ${line.text.slice(0, 60)}`,
        undefined,
        line.number,
      )
    examples.push({ texts: texts as string[], file: path, line: line.number })
  }
  return examples
}

/** Pairs of texts whose label, a number, is their score. @throws TorchLoraError INVALID_FILE naming file and line */
export function pairsOf(examples: readonly Example[], path?: string): SimilarityExample[] {
  return examples.map(({ text, textPair, label, file, line }) => {
    const place = file ?? path ?? 'examples'
    if (textPair === undefined)
      throw fileError(
        place,
        'a pair of texts needs a second one; give it in `textPair` or `sentence2`, or write {"anchor", "positive"}',
        undefined,
        line,
      )
    if (label === undefined) return { texts: [text, textPair], file, line }
    const score = typeof label === 'string' && label.trim() !== '' ? Number(label) : label
    if (typeof score !== 'number' || !Number.isFinite(score))
      throw fileError(
        place,
        `a score must be a number, received ${JSON.stringify(label)}; leave it away in every line where the pairs just belong together`,
        undefined,
        line,
      )
    return { texts: [text, textPair], score, file, line }
  })
}

function objectAt(path: string, { value, text, number }: JsonLine): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw fileError(
    path,
    `expected {"anchor", "positive"} or a pair of texts with its score, received ${text.slice(0, 60)}`,
    undefined,
    number,
  )
}
