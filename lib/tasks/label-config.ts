import { type ProblemType, problemTypes } from '../data/problem-type.ts'
import type { ConfigReader } from '../encoders/config.ts'
import { TorchLoraError } from '../errors.ts'
import { list as listOf, oneOf, type Rules, whole } from '../options.ts'

/** What a caller may decide over `config.json`. */
export interface LabelOptions {
  /**
   * Label names, in the order of the logits. Where the checkpoint has a trained head they name its outputs, if
   * config.json does not; any other names than config.json's are refused.
   */
  labels?: readonly string[] | undefined
  /** The number of labels, when they need no names. */
  numLabels?: number | undefined
  /** For a model whose config.json does not say it. */
  problemType?: ProblemType | undefined
  /**
   * Whose head the labels are of: the checkpoint's where it has one ('keep', the default), a new one for labels of
   * another problem ('fresh'), or that of an adapter, still to be loaded ('adapter').
   */
  head?: 'keep' | 'fresh' | 'adapter' | undefined
}

/** What an adapter's file says of its head. */
export interface HeadSaid extends LabelOptions {
  temperature?: number | undefined
}

/** Where files have the temperature: a field of config.json, and of an adapter's metadata. */
export const temperatureField = 'calibration_temperature'

/** What {@link LabelOptions} may be. */
export const labelRules: Rules<LabelOptions> = {
  labels: listOf('names'),
  numLabels: whole(1),
  problemType: oneOf(...problemTypes),
  head: oneOf('keep', 'fresh', 'adapter'),
}

/** What the outputs of a head mean. */
export interface HeadLabels {
  /** Names of the outputs, in their order. */
  labels: string[]
  problemType: ProblemType
  /** Whether anything but the number of outputs says the problem: one output that nothing is said of may be a score or a probability. */
  stated: boolean
  /** What the outputs are divided by before they become probabilities; 1 where nothing was fitted. */
  temperature: number
}

/** What config.json says of a checkpoint's head. */
export interface ConfigLabels extends HeadLabels {
  /** Whether the outputs have names, other than transformers' LABEL_0, LABEL_1, ... */
  named: boolean
  /** Whether the checkpoint has a head of so many outputs. */
  trained: boolean
}

/** Labels that need no evidence in the checkpoint: a fresh head of them costs next to nothing. */
const fewLabels = 1024

/** What a model's own files say of its head. @throws TorchLoraError INVALID_FILE, UNSUPPORTED */
export function configLabels(reader: ConfigReader): ConfigLabels {
  const names = readNames(reader)
  const labels = names ?? placeholders(readCount(reader))
  const said = reader.raw.problem_type ?? undefined
  const problemType = reader.choice<ProblemType>('problem_type', problemTypes, byCount(labels))
  if (problemType === 'regression' && labels.length > 1)
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${reader.file}: problem_type is "regression" with ${labels.length} labels; supported: one score.`,
      { file: reader.file },
    )
  return {
    labels,
    problemType,
    stated: said !== undefined,
    temperature: readTemperature(reader),
    named: labels.some((label, i) => label !== `LABEL_${i}`),
    trained: reader.bounds.outputs === labels.length,
  }
}

/**
 * What the outputs of a model mean: what its files say, and what a caller decides where they say nothing.
 * @throws TorchLoraError INCOMPATIBLE when the caller contradicts a trained head, INVALID_ARGUMENT, INVALID_FILE
 */
export function chooseLabels(reader: ConfigReader, options: LabelOptions): HeadLabels {
  checkNames(options)
  const own = configLabels(reader)
  const kept = own.trained && (options.head ?? 'keep') === 'keep'
  // Another head's outputs are others.
  const temperature = kept ? own.temperature : 1
  const labels = chosenNames(own, options)
  const same = labels.length === own.labels.length
  if (kept && same && own.named && !sameNames(labels, own.labels))
    throw contradiction(reader, own, list(labels))
  const { problemType } = options
  if (problemType !== undefined) {
    if (kept && same && own.stated && problemType !== own.problemType)
      throw contradiction(reader, own, problemType)
    if (problemType === 'regression' && labels.length > 1)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `\`problemType\`: regression is one score, and there are ${labels.length} labels.`,
      )
    return { labels, problemType, stated: true, temperature }
  }
  // Other labels are another problem: what the file says of it no longer holds.
  if (same && (!own.named || sameNames(labels, own.labels)))
    return { labels, problemType: own.problemType, stated: own.stated, temperature }
  return { labels, problemType: byCount(labels), stated: options.labels !== undefined, temperature }
}

function chosenNames(own: ConfigLabels, { labels, numLabels }: LabelOptions): string[] {
  if (labels) return [...labels]
  return numLabels === undefined || numLabels === own.labels.length ? own.labels : placeholders(numLabels)
}

function checkNames({ labels, numLabels }: LabelOptions): void {
  if (labels && (labels.length === 0 || new Set(labels).size !== labels.length)) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `labels must be distinct and at least one, received [${labels.join(', ')}].`,
    )
  }
  if (labels && numLabels !== undefined && numLabels !== labels.length) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `numLabels is ${numLabels}, but ${labels.length} labels are named.`,
    )
  }
}

/**
 * Checks that nothing is said of labels to a task whose outputs have none.
 * @param what whose options they are, for the message
 * @throws TorchLoraError INVALID_ARGUMENT naming what was said
 */
export function refuseLabels(what: string, { labels, numLabels, problemType }: LabelOptions): void {
  const said = Object.entries({ labels, numLabels, problemType }).filter(([, value]) => value !== undefined)
  if (said.length === 0) return
  const names = said.map(([name]) => `\`${name}\``).join(' and ')
  throw new TorchLoraError('INVALID_ARGUMENT', `${what} has no labels: leave ${names} away.`)
}

function contradiction(reader: ConfigReader, own: ConfigLabels, given: string): TorchLoraError {
  return new TorchLoraError(
    'INCOMPATIBLE',
    `${reader.file} says that the trained head gives ${list(own.labels)} (${own.problemType}); ${given} was asked for. Leave that away, correct config.json if it is wrong, or train a new head (\`head: 'fresh'\`).`,
    { file: reader.file },
  )
}

/** The names that transformers gives outputs without names. */
export function placeholders(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `LABEL_${i}`)
}

/** What the outputs are where nothing says it. */
export function byCount(labels: readonly unknown[]): ProblemType {
  return labels.length === 1 ? 'regression' : 'single_label_classification'
}

export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i])
}

function list(labels: readonly string[]): string {
  const more = labels.length > 20 ? ` and ${labels.length - 20} more` : ''
  return labels.slice(0, 20).join(', ') + more
}

/** How many outputs the classifier of a checkpoint or of an adapter has, by the names of its tensors; null for none. */
export function headOutputs(entries: Iterable<{ name: string; shape: readonly number[] }>): number | null {
  for (const { name, shape } of entries)
    if (
      /(^|\.)(classifier|classifier\.out_proj|score)(\.modules_to_save(\.\w+)?)?\.weight$/.test(name) &&
      shape.length === 2
    )
      return shape[0]!
  return null
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

function readTemperature(reader: ConfigReader): number {
  const temperature = reader.number(temperatureField, 1)
  if (temperature > 0) return temperature
  throw reader.wrong(temperatureField, 'a number above 0', temperature)
}

/** `num_labels`, transformers' default where it is not said. */
function readCount(reader: ConfigReader): number {
  const count = reader.count('num_labels', { fallback: 2 })
  const most = Math.max(fewLabels, reader.bounds.dimension)
  if (count <= most) return count
  throw reader.wrong('num_labels', `at most ${most} for this checkpoint; id2label may name more`, count)
}
