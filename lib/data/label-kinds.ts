import { TorchLoraError } from '../errors.ts'
import type { Example } from './examples.ts'
import { labelBit, labelKey, labelNumber } from './label-keys.ts'
import { fileOf, missing, place } from './label-places.ts'
import type { ProblemType } from './problem-type.ts'

/** What labels of examples are, all of them together. */
export interface LabelKinds {
  problemType: ProblemType
  /** Class names in order; empty for scores. */
  names: string[]
}

type Scalar = string | number | boolean

/**
 * What the labels of `examples` mean. Arrays make it multi-label: of names, or vectors of 0 and 1 of one length, whose
 * classes are LABEL_0, LABEL_1, ... Numbers of which some are not whole make it regression, in whatever form the file
 * has them; anything else is single-label. Names are sorted (as numbers where all are).
 *
 * @throws TorchLoraError INCOMPATIBLE for examples without labels, or of more than one kind, by file and line
 */
export function labelKinds(examples: readonly Example[], problemType?: ProblemType): LabelKinds {
  const unlabelled = examples.find(({ label }) => label === undefined)
  if (unlabelled) throw missing(unlabelled)
  const arrays = examples.filter(({ label }) => Array.isArray(label))
  if (arrays.length > 0 && arrays.length < examples.length) {
    const odd = examples.find(({ label }) => !Array.isArray(label))!
    throw refused(odd, ' where other examples have arrays; give every example an array of labels, or none')
  }
  if (arrays.length > 0) {
    if (problemType !== undefined && problemType !== 'multi_label_classification')
      throw refused(arrays[0]!, `, several labels; expected one, since the task is ${problemType}`)
    return { problemType: 'multi_label_classification', names: arrayNames(examples) }
  }
  if ((problemType ?? 'regression') === 'regression' && isScores(examples, problemType))
    return { problemType: 'regression', names: [] }
  const type = problemType ?? 'single_label_classification'
  const names = sorted(spellings(examples.map(({ label }) => label as Scalar)))
  if (type === 'single_label_classification' && names.length < 2)
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `all ${examples.length} examples have the label ${JSON.stringify(names[0])}; a classifier needs at least two classes: name them in \`labels\``,
    )
  return { problemType: type, names }
}

/** Whether labels are scores: because it is said, or because they are numbers and some are not whole. */
function isScores(examples: readonly Example[], problemType: ProblemType | undefined): boolean {
  const numbers = examples.map(({ label }) => labelNumber(label))
  if (problemType === undefined && !numbers.some((n) => n !== undefined && !Number.isInteger(n))) return false
  const odd = examples.find((_, i) => numbers[i] === undefined)
  if (odd)
    throw refused(
      odd,
      problemType
        ? '; expected a number, since the task is regression'
        : " where other examples have scores; make all of them numbers, or say `problemType` 'single_label_classification'",
    )
  return true
}

/** One name a class: as it is written, or its key where it is written in several ways. */
function spellings(labels: readonly Scalar[]): string[] {
  const names = new Map<string, string>()
  for (const label of labels) {
    const key = labelKey(label)
    const name = typeof label === 'string' ? label.trim() : String(label)
    const known = names.get(key)
    names.set(key, known === undefined || known === name ? name : key)
  }
  return [...names.values()]
}

function arrayNames(examples: readonly Example[]): string[] {
  const filled = examples.filter(({ label }) => (label as unknown[]).length > 0)
  const vectors = filled.filter(({ label }) => (label as unknown[]).every((item) => typeof item !== 'string'))
  if (vectors.length === 0) return sorted(spellings(examples.flatMap(({ label }) => label as string[])))
  const width = (vectors[0]!.label as unknown[]).length
  const odd = examples.find(({ label }) => !isVector(label, width))
  if (odd)
    throw refused(
      odd,
      ` where other examples have vectors of ${width}; expected ${width} times 0 or 1, or the names of the classes that hold in every example`,
    )
  return Array.from({ length: width }, (_, i) => `LABEL_${i}`)
}

/** Whether a label is a vector of `width` zeros and ones. */
export function isVector(label: unknown, width: number): label is (number | boolean)[] {
  return Array.isArray(label) && label.length === width && label.every((item) => labelBit(item) !== undefined)
}

function sorted(names: string[]): string[] {
  const numeric = names.every((name) => labelNumber(name) !== undefined)
  return names.sort(numeric ? (a, b) => Number(a) - Number(b) : (a, b) => (a < b ? -1 : a > b ? 1 : 0))
}

function refused(example: Example, problem: string): TorchLoraError {
  return new TorchLoraError(
    'INCOMPATIBLE',
    `${place(example)}the label is ${JSON.stringify(example.label)}${problem}`,
    fileOf(example),
  )
}
