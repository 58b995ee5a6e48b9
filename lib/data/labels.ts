import { TorchLoraError } from '../errors.ts'
import type { ProblemType } from '../models/config.ts'
import type { Example } from './examples.ts'

/** The part of config.json that says what a classifier's outputs mean. */
export interface LabelConfig {
  problem_type?: string | null
  num_labels?: number
  id2label?: Record<string, string>
  label2id?: Record<string, number>
}

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

  private constructor(problemType: ProblemType, names: readonly string[]) {
    this.problemType = problemType
    this.names = [...names]
    this.#ids = new Map(names.map((name, id) => [name, id]))
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
   * The labels that `examples` use. Arrays make it multi-label; numbers of which some are not whole make it
   * regression; anything else is single-label. Names are sorted (as numbers where all are), so that the same data
   * in another order gives the same ids.
   *
   * @throws TorchLoraError INCOMPATIBLE for examples without labels, or of more than one kind
   */
  static fromExamples(examples: readonly Example[], problemType?: ProblemType): LabelSet {
    const names = new Set<string>()
    let arrays = 0
    let numbers = 0
    let fractions = 0
    for (const example of examples) {
      const { label } = example
      if (label === undefined) throw missing(example)
      if (Array.isArray(label)) {
        arrays++
        for (const name of label) names.add(name)
      } else {
        if (typeof label === 'number') numbers++
        if (typeof label === 'number' && !Number.isInteger(label)) fractions++
        names.add(String(label))
      }
    }
    if (arrays > 0 && arrays < examples.length) {
      const odd = examples.find((e) => !Array.isArray(e.label))!
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `${place(odd)}the label is ${JSON.stringify(odd.label)} where other examples have arrays; give every example an array of labels, or none`,
      )
    }
    if (fractions > 0 && numbers < examples.length && problemType === undefined) {
      const odd = examples.find((e) => typeof e.label !== 'number')!
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `${place(odd)}the label is ${JSON.stringify(odd.label)} where other examples have scores; make all of them numbers`,
      )
    }
    const type =
      problemType ??
      (arrays > 0
        ? 'multi_label_classification'
        : fractions > 0
          ? 'regression'
          : 'single_label_classification')
    if (type === 'regression') return LabelSet.regression()
    const list = [...names]
    const numeric = list.every((name) => /^-?\d+(\.\d+)?$/.test(name))
    list.sort(numeric ? (a, b) => Number(a) - Number(b) : (a, b) => (a < b ? -1 : a > b ? 1 : 0))
    if (type === 'single_label_classification' && list.length < 2)
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `all ${examples.length} examples have the label ${JSON.stringify(list[0])}; a classifier needs at least two classes: name them in \`labels\``,
      )
    return type === 'multi_label_classification' ? LabelSet.multi(list) : LabelSet.single(list)
  }

  /**
   * What a model's config.json says: `id2label` and `problem_type`. One label is regression, as in transformers.
   * @throws TorchLoraError INVALID_FILE when the ids of id2label are not 0 to n-1
   */
  static fromConfig(config: LabelConfig): LabelSet {
    const id2label = config.id2label ?? {}
    const entries = Object.entries(id2label).map(([id, name]) => [Number(id), String(name)] as const)
    entries.sort((a, b) => a[0] - b[0])
    if (entries.some(([id], i) => id !== i))
      throw new TorchLoraError(
        'INVALID_FILE',
        `config.json: id2label has the ids ${entries.map(([id]) => id).join(', ')}; expected 0 to ${entries.length - 1}, each once`,
      )
    // transformers gives a model two labels where its configuration names none.
    const count = entries.length > 0 ? entries.length : (config.num_labels ?? 2)
    const names =
      entries.length > 0
        ? entries.map(([, name]) => name)
        : Array.from({ length: count }, (_, i) => `LABEL_${i}`)
    if (
      config.problem_type === 'regression' ||
      (count === 1 && config.problem_type !== 'multi_label_classification')
    )
      return LabelSet.regression()
    return config.problem_type === 'multi_label_classification'
      ? LabelSet.multi(names)
      : LabelSet.single(names)
  }

  /** Outputs of the classification head: the number of classes, or 1. */
  get size(): number {
    return this.problemType === 'regression' ? 1 : this.names.length
  }

  /** As config.json has them: `problem_type`, `id2label`, `label2id`. */
  toConfig(): {
    problem_type: ProblemType
    id2label: Record<string, string>
    label2id: Record<string, number>
  } {
    const names = this.problemType === 'regression' ? ['LABEL_0'] : this.names
    return {
      problem_type: this.problemType,
      id2label: Object.fromEntries(names.map((name, id) => [String(id), name])),
      label2id: Object.fromEntries(names.map((name, id) => [name, id])),
    }
  }

  /** Name of a class. @throws TorchLoraError INVALID_ARGUMENT when there is no such class */
  name(id: number): string {
    const name = this.names[id]
    if (name === undefined)
      throw new TorchLoraError('INVALID_ARGUMENT', `class ${id}: expected 0 to ${this.names.length - 1}`)
    return name
  }

  /** Number of a class, or undefined. A whole number stands for itself where no class is named by a number. */
  id(label: string | number): number | undefined {
    const id = this.#ids.get(String(label))
    if (id !== undefined || this.names.some((name) => /^-?\d+$/.test(name))) return id
    const number = typeof label === 'number' ? label : /^\d+$/.test(label) ? Number(label) : -1
    return Number.isInteger(number) && number >= 0 && number < this.names.length ? number : undefined
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
      examples.forEach((example, i) => {
        const labels = example.label
        if (labels === undefined) throw missing(example)
        for (const label of Array.isArray(labels) ? labels : [labels])
          values[i * this.size + this.#require(label, example)] = 1
      })
      return { values, shape: [n, this.size] }
    }
    if (this.problemType === 'regression') {
      const values = Float32Array.from(examples, (example) => {
        const { label } = example
        if (label === undefined) throw missing(example)
        const score =
          typeof label === 'number'
            ? label
            : typeof label === 'string' && label.trim() !== ''
              ? Number(label)
              : Number.NaN
        if (!Number.isFinite(score))
          throw new TorchLoraError(
            'INCOMPATIBLE',
            `${place(example)}the label is ${JSON.stringify(label)}; expected a number, since the task is regression`,
          )
        return score
      })
      return { values, shape: [n] }
    }
    const values = Int32Array.from(examples, (example) => {
      const { label } = example
      if (label === undefined) throw missing(example)
      if (Array.isArray(label))
        throw new TorchLoraError(
          'INCOMPATIBLE',
          `${place(example)}the label is ${JSON.stringify(label)}; expected one label, since the task is single-label: use LabelSet.multi for several`,
        )
      return this.#require(label, example)
    })
    return { values, shape: [n] }
  }

  #require(label: string | number, example: Example): number {
    const id = this.id(label)
    if (id === undefined) {
      const shown = this.names.slice(0, 20).map((name) => JSON.stringify(name))
      const more = this.names.length > 20 ? ` and ${this.names.length - 20} more` : ''
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `${place(example)}the label ${JSON.stringify(label)} is not one of ${shown.join(', ')}${more}; correct the data, or add it to \`labels\``,
        fileOf(example),
      )
    }
    return id
  }
}

const fileOf = (example: Example) => (example.file === undefined ? {} : { file: example.file })

/** "train.tsv, line 3: ", or as much of it as is known. */
function place({ file, line, text }: Example): string {
  if (file !== undefined) return line === undefined ? `${file}: ` : `${file}, line ${line}: `
  const start = text.length > 40 ? `${text.slice(0, 40)}...` : text
  return `example ${JSON.stringify(start)}: `
}

function missing(example: Example): TorchLoraError {
  return new TorchLoraError(
    'INCOMPATIBLE',
    `${place(example)}no label; training and evaluation need one for every example`,
    fileOf(example),
  )
}
