import { TorchLoraError } from '../errors.ts'
import type { Example } from './examples.ts'
import { labelKey, labelNumber } from './label-keys.ts'
import { isVector, labelKinds } from './label-kinds.ts'
import { fileOf, missing, place } from './label-places.ts'
import type { ProblemType } from './problem-type.ts'

/** Labels of a batch as numbers. */
export interface EncodedLabels {
  /** Class ids [B] (single label), 0 or 1 [B, C] (multi-label), or scores [B] (regression). */
  values: Float32Array | Int32Array
  shape: number[]
}

/**
 * What a classifier predicts: the names of its classes and their numbers, or a score.
 */
export class LabelSet {
  readonly problemType: ProblemType
  /** Class names by class id; empty for regression. */
  readonly names: readonly string[]
  readonly #ids: Map<string, number>
  /** The same by `labelKey`, but for names that differ in nothing else. */
  readonly #keys: Map<string, number>
  /** Whether a class is named by a number. */
  readonly #numbered: boolean

  private constructor(problemType: ProblemType, names: readonly string[]) {
    this.problemType = problemType
    this.names = [...names]
    this.#ids = new Map(names.map((name, id) => [name, id]))
    const keys = names.map(labelKey)
    const shared = (key: string) => keys.indexOf(key) !== keys.lastIndexOf(key)
    this.#keys = new Map(keys.flatMap((key, id) => (shared(key) ? [] : [[key, id]])))
    this.#numbered = keys.some((key) => /^-?\d+$/.test(key))
    if (this.#ids.size !== names.length) {
      const twice = names.find((name, i) => names.indexOf(name) !== i)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `labels: ${JSON.stringify(twice)} is listed twice; each class needs a name of its own`,
      )
    }
    if (names.some((name) => typeof name !== 'string' || name === ''))
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `labels: expected names that are not empty, received ${JSON.stringify(names)}`,
      )
  }

  /**
   * Each example has one of `names`.
   * @throws TorchLoraError INVALID_ARGUMENT for fewer than two names, or one twice
   */
  static single(names: readonly string[]): LabelSet {
    if (names.length < 2)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `labels: expected at least two classes, received ${JSON.stringify(names)}; for a score use LabelSet.regression()`,
      )
    return new LabelSet('single_label_classification', names)
  }

  /**
   * Each example has any number of `names`.
   * @throws TorchLoraError INVALID_ARGUMENT for no names, or one twice
   */
  static multi(names: readonly string[]): LabelSet {
    if (names.length === 0)
      throw new TorchLoraError('INVALID_ARGUMENT', 'labels: expected at least one class, received none')
    return new LabelSet('multi_label_classification', names)
  }

  /** Each example has a score. */
  static regression(): LabelSet {
    return new LabelSet('regression', [])
  }

  /**
   * The labels that `examples` use, by `labelKinds`: the same data in another order gives the same ids.
   * @throws TorchLoraError INCOMPATIBLE for examples without labels, or of more than one kind
   */
  static fromExamples(examples: readonly Example[], problemType?: ProblemType): LabelSet {
    const { problemType: type, names } = labelKinds(examples, problemType)
    return LabelSet.of(names, type)
  }

  /** The set of a problem; `names` are not asked for regression. */
  static of(names: readonly string[], problemType: ProblemType): LabelSet {
    if (problemType === 'regression') return LabelSet.regression()
    return problemType === 'multi_label_classification' ? LabelSet.multi(names) : LabelSet.single(names)
  }

  /** Outputs of the classification head: the number of classes, or 1. */
  get size(): number {
    return this.problemType === 'regression' ? 1 : this.names.length
  }

  /**
   * Checks that `other` means the same as this set, the labels of a model, class by class.
   * @throws TorchLoraError INCOMPATIBLE saying what differs
   */
  requireSame(other: LabelSet): void {
    const { names, problemType } = this
    if (
      other.problemType === problemType &&
      names.every((name, id) => other.names[id] === name) &&
      other.size === this.size
    )
      return
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `The model's labels are ${this.describe()}; ${other.describe()} were given. A model's labels are what its head was trained for: leave \`labels\` away, or load the base model with these.`,
    )
  }

  /** "a", "b" (single_label_classification), for messages. */
  describe(): string {
    return this.problemType === 'regression'
      ? 'a score (regression)'
      : `${this.#shown()} (${this.problemType})`
  }

  /** Name of a class. @throws TorchLoraError INVALID_ARGUMENT when there is no such class */
  name(id: number): string {
    const name = this.names[id]
    if (name === undefined)
      throw new TorchLoraError('INVALID_ARGUMENT', `class ${id}: expected 0 to ${this.names.length - 1}`)
    return name
  }

  /**
   * Number of a class by its name, spelled as it is or otherwise (`labelKey`); undefined for none. A whole number stands
   * for itself where no class is named by a number.
   */
  id(label: string | number | boolean): number | undefined {
    const key = labelKey(label)
    const id = this.#ids.get(String(label)) ?? this.#keys.get(key)
    if (id !== undefined || this.#numbered) return id
    const number = /^\d+$/.test(key) ? Number(key) : -1
    return number >= 0 && number < this.names.length ? number : undefined
  }

  /**
   * Labels of examples as numbers, in order.
   * @throws TorchLoraError INCOMPATIBLE for a label that is missing, outside the set or of another kind, naming the
   * file and the line it came from
   */
  encode(examples: readonly Example[]): EncodedLabels {
    const n = examples.length
    if (this.problemType === 'multi_label_classification') {
      const values = new Float32Array(n * this.size)
      for (const [i, example] of examples.entries()) values.set(this.#vector(example), i * this.size)
      return { values, shape: [n, this.size] }
    }
    if (this.problemType === 'regression') {
      const values = Float32Array.from(examples, (example) => {
        if (example.label === undefined) throw missing(example)
        const score = labelNumber(example.label)
        if (score === undefined) throw wrong(example, 'expected a number, since the task is regression')
        return score
      })
      return { values, shape: [n] }
    }
    const values = Int32Array.from(examples, (example) => {
      const { label } = example
      if (label === undefined) throw missing(example)
      if (Array.isArray(label))
        throw wrong(
          example,
          "expected one label, since the task is single-label: several are `problemType` 'multi_label_classification'",
        )
      return this.#require(label, example)
    })
    return { values, shape: [n] }
  }

  /** 0 or 1 for each class. */
  #vector(example: Example): ArrayLike<number> {
    const { label } = example
    if (label === undefined) throw missing(example)
    if (isVector(label, this.size)) return label.map(Number)
    const values = new Float32Array(this.size)
    for (const name of Array.isArray(label) ? label : [label]) {
      if (Array.isArray(label) && typeof name !== 'string')
        throw wrong(
          example,
          `expected ${this.size} times 0 or 1 (for ${this.#shown()}), or the names of the classes that hold`,
        )
      values[this.#require(name, example)] = 1
    }
    return values
  }

  /** The names, for messages. */
  #shown(): string {
    const shown = this.names.slice(0, 20).map((name) => JSON.stringify(name))
    return shown.join(', ') + (this.names.length > 20 ? ` and ${this.names.length - 20} more` : '')
  }

  #require(label: string | number | boolean, example: Example): number {
    const id = this.id(label)
    if (id !== undefined) return id
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `${place(example)}the label ${JSON.stringify(label)} is not one of ${this.#shown()}; correct the data, or add it to \`labels\``,
      fileOf(example),
    )
  }
}

function wrong(example: Example, expected: string): TorchLoraError {
  return new TorchLoraError(
    'INCOMPATIBLE',
    `${place(example)}the label is ${JSON.stringify(example.label)}; ${expected}`,
    fileOf(example),
  )
}
