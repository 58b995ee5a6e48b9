import { type ProblemType, problemTypes } from '../data/problem-type.ts'
import type { ConfigReader } from '../encoders/config.ts'
import { TorchLoraError } from '../errors.ts'

/** What a caller may decide over `config.json`. */
export interface LabelOptions {
  /** Label names, in the order of the logits. */
  labels?: readonly string[]
  /** The number of labels, when they need no names. */
  numLabels?: number
  problemType?: ProblemType
}

/** Labels that need no evidence in the checkpoint: a fresh head of them costs next to nothing. */
const fewLabels = 1024

/** The names of a classifier's outputs, in their order: those chosen, else what config.json says. */
export function readLabels(reader: ConfigReader, { labels, numLabels }: LabelOptions): string[] {
  if (labels) {
    if (labels.length === 0 || new Set(labels).size !== labels.length) {
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `labels must be distinct and at least one, received [${labels.join(', ')}].`,
      )
    }
    if (numLabels !== undefined && numLabels !== labels.length) {
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `numLabels is ${numLabels}, but ${labels.length} labels are named.`,
      )
    }
    return [...labels]
  }
  const named = readNames(reader)
  const count = numLabels ?? named?.length ?? readCount(reader)
  if (named?.length === count) return named
  return Array.from({ length: count }, (_, i) => `LABEL_${i}`)
}

/** `id2label`, a name for each of 0, 1, ...; a name may be a number, as transformers allows. Null where it says none. */
function readNames(reader: ConfigReader): string[] | null {
  const { id2label } = reader.raw
  if (id2label === undefined || id2label === null) return null
  const isMap = typeof id2label === 'object' && !Array.isArray(id2label)
  const names = isMap ? id2label : {}
  const labels = Object.keys(names).map((_, i) =>
    Object.hasOwn(names, String(i)) ? (names as Record<string, unknown>)[String(i)] : undefined,
  )
  if (labels.length === 0 || !labels.every((label) => typeof label === 'string' || typeof label === 'number'))
    throw reader.wrong('id2label', 'a name for each of 0, 1, ...', id2label)
  return labels.map(String)
}

/** `num_labels`, transformers' default where it is not said. */
function readCount(reader: ConfigReader): number {
  const count = reader.count('num_labels', { fallback: 2 })
  const most = Math.max(fewLabels, reader.bounds.dimension)
  if (count <= most) return count
  throw reader.wrong('num_labels', `at most ${most} for this checkpoint; id2label may name more`, count)
}

/** What the outputs mean: what was chosen, else what config.json says, else what their number says. */
export function readProblemType(
  reader: ConfigReader,
  options: LabelOptions,
  labels: readonly string[],
): ProblemType {
  if (options.problemType) return options.problemType
  const byCount = labels.length === 1 ? 'regression' : 'single_label_classification'
  // Other labels are another problem: what the file says of it no longer holds.
  if (options.labels || options.numLabels) return byCount
  return reader.choice<ProblemType>('problem_type', problemTypes, byCount)
}
