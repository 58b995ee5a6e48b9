import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { TorchLoraError } from '../errors.ts'
import { any, boolean, callback, type Rules, readOptions, signal, string } from '../options.ts'
import type { Example } from './examples.ts'
import type { GlueProgress } from './glue-download.ts'
import { type GlueSplit, type GlueTask, glueTask } from './glue-tasks.ts'
import { LabelSet } from './labels.ts'
import { fileError, readLines } from './lines.ts'

/** Which split of a GLUE task, and where it lies. */
export interface LoadGlueOptions {
  split: GlueSplit
  /**
   * Folder that holds the tasks' folders (CoLA, MRPC, ...), or one task's own folder. Default: the cache, filled by a
   * download when need be.
   */
  dataDir?: string | undefined
  /** With false, a task that is not in the cache is an error. Default true. */
  download?: boolean | undefined
  /** Called as a download goes on. */
  onProgress?: ((progress: GlueProgress) => void) | undefined
  signal?: AbortSignal | undefined
}

const rules: Rules<LoadGlueOptions> = {
  split: any, // against those of the task
  dataDir: string,
  download: boolean,
  onProgress: callback,
  signal,
}

/** A split of a GLUE task. */
export interface GlueData {
  task: GlueTask
  /** Class ids of the task; regression for STS-B. */
  labels: LabelSet
  /** Rows in the files' order. Labels are class names, or scores for STS-B; test rows of GLUE have none. */
  examples: Example[]
  /** Files that were read. */
  files: string[]
}

/** One file of a layout: which column holds what. */
interface Part {
  name: string
  /** Column numbers of a file without a header. */
  headerless?: { text: number; textPair?: number; label: number; id?: number } | undefined
  /** A part that need not be there. */
  optional?: boolean | undefined
  /** Keeps the rows that a list of id pairs names (true), or those that it does not (false). */
  chosen?: boolean | undefined
}

const STS = { text: 5, textPair: 6, label: 4 }
const COLA = { text: 3, label: 1 }
const MSR_IDS = ['mrpc_dev_ids.tsv', 'dev_ids.tsv']

/**
 * The file sets that a split may come in, in order of preference: GLUE's own, then that of the corpus GLUE took it
 * from. CoLA's public release has its two development files where GLUE has one; STSbenchmark calls tab-separated
 * files .csv; MRPC's training file holds GLUE's train and dev; one release of WNLI keeps 117 training rows apart.
 */
function layouts(task: GlueTask, split: GlueSplit): Part[][] {
  const name = task.files[split]
  if (name === undefined) return []
  switch (task.name) {
    case 'cola': {
      if (split === 'test') return [[{ name }]]
      const release =
        split === 'train' ? ['in_domain_train.tsv'] : ['in_domain_dev.tsv', 'out_of_domain_dev.tsv']
      return [
        [{ name, headerless: COLA }],
        release.map((file) => ({ name: file, headerless: COLA })),
        release.map((file) => ({ name: join('raw', file), headerless: COLA })),
      ]
    }
    case 'stsb': {
      const file = `sts-${split === 'validation' ? 'dev' : split}.csv`
      return [[{ name }], [{ name: file, headerless: STS }]]
    }
    case 'mrpc':
      return split === 'test'
        ? [[{ name }], [{ name: 'msr_paraphrase_test.txt' }]]
        : [[{ name }], [{ name: 'msr_paraphrase_train.txt', chosen: split === 'validation' }]]
    case 'wnli':
      return split === 'train'
        ? [
            [
              { name },
              { name: 'val.tsv', headerless: { text: 1, textPair: 2, label: 3, id: 0 }, optional: true },
            ],
          ]
        : [[{ name }]]
    default:
      return [[{ name }]]
  }
}

/**
 * Loads a split of a GLUE task from a local folder, or from GLUE's own server into the cache.
 *
 * Files are read as GLUE means them: tab-separated, quotation marks are text, a byte-order mark is dropped. `mnli`
 * and `mnli_mismatched` differ in the validation and test splits.
 *
 * @throws TorchLoraError INVALID_ARGUMENT for an unknown task or a split that it lacks; INVALID_FILE for files that
 * are missing or malformed, naming file, line and column; NETWORK when a download fails; ABORTED by `signal`.
 */
export async function loadGlue(name: string, options: LoadGlueOptions): Promise<GlueData> {
  readOptions('loadGlue', options, rules)
  const task = glueTask(name)
  const { split } = options
  const choices = layouts(task, split)
  if (choices.length === 0)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `${task.name} has no split ${JSON.stringify(split)}; expected one of ${Object.keys(task.files).join(', ')}`,
    )
  const folder =
    options.dataDir === undefined
      ? await (await import('./glue-download.ts')).downloadGlue(task, {
          download: options.download,
          onProgress: options.onProgress,
          signal: options.signal,
        })
      : existsSync(join(options.dataDir, task.folder))
        ? join(options.dataDir, task.folder)
        : options.dataDir
  const parts = choices.find((choice) =>
    choice.every((part) => part.optional || existsSync(join(folder, part.name))),
  )
  if (parts === undefined) {
    const wanted = choices
      .map((choice) =>
        choice
          .filter((p) => !p.optional)
          .map((p) => p.name)
          .join(' and '),
      )
      .join(', or ')
    throw new TorchLoraError(
      'INVALID_FILE',
      `${folder} lacks the ${split} split of ${task.name}: looked for ${wanted}; give as dataDir the folder that holds ${task.folder}, or leave it out to download`,
      { file: folder },
    )
  }
  const files: string[] = []
  const examples: Example[] = []
  const present = parts.filter((part) => existsSync(join(folder, part.name)))
  for (const part of present) {
    const path = join(folder, part.name)
    const keep = part.chosen === undefined ? undefined : await chooseRows(folder, part.chosen)
    files.push(path)
    await readPart(path, task, split, part, keep, examples)
  }
  // GLUE numbers the rows of WNLI through both parts.
  if (present.length > 1 && task.name === 'wnli') examples.sort((a, b) => Number(a.id) - Number(b.id))
  if (examples.length === 0)
    throw fileError(files[0]!, `holds no rows; expected the ${split} split of ${task.name}`)
  const labels = task.labels === null ? LabelSet.regression() : LabelSet.single(task.labels)
  return { task, labels, examples, files }
}

/** Whether a row of MRPC's training file belongs, by its two ids. */
async function chooseRows(
  folder: string,
  chosen: boolean,
): Promise<(first: string, second: string) => boolean> {
  const file = MSR_IDS.map((name) => join(folder, name)).find((path) => existsSync(path))
  if (file === undefined)
    throw new TorchLoraError(
      'INVALID_FILE',
      `${folder} lacks ${MSR_IDS.join(' or ')}, the list that divides msr_paraphrase_train.txt into train and dev`,
      { file: folder },
    )
  const listed = new Set<string>()
  for await (const { text } of readLines(file)) listed.add(text.trim())
  return (first, second) => listed.has(`${first}\t${second}`) === chosen
}

async function readPart(
  path: string,
  task: GlueTask,
  split: GlueSplit,
  part: Part,
  keep: ((first: string, second: string) => boolean) | undefined,
  examples: Example[],
): Promise<void> {
  let header: string[] | undefined
  let at:
    | { text: number; textPair?: number | undefined; label: number; id: number; width: number }
    | undefined
  if (part.headerless) {
    const { text, textPair, label, id = -1 } = part.headerless
    at = { text, textPair, label, id, width: Math.max(text, textPair ?? 0, label) + 1 }
  }
  for await (const { text: row, number } of readLines(path)) {
    if (row === '') continue
    const fields = row.split('\t')
    if (at === undefined) {
      header = fields
      at = placeColumns(path, task, split, header)
      continue
    }
    if (fields.length < at.width) {
      // Quora's questions hold a few line breaks; Hugging Face's loader passes over the broken rows too.
      if (task.name === 'qqp') continue
      throw fileError(
        path,
        `expected at least ${at.width} tab-separated fields, received ${fields.length}; quotation marks do not protect a tab in GLUE's files`,
        undefined,
        number,
      )
    }
    if (keep && !keep(fields[1]!, fields[2]!)) continue
    const example: Example = {
      text: fields[at.text]!,
      id: at.id >= 0 ? fields[at.id]! : String(examples.length),
      file: path,
      line: number,
    }
    if (at.textPair !== undefined) example.textPair = fields[at.textPair]!
    if (at.label >= 0)
      example.label = readLabel(fields[at.label]!, task, () =>
        fileError(path, labelProblem(fields[at!.label]!, task), undefined, number),
      )
    examples.push(example)
  }
}

function placeColumns(path: string, task: GlueTask, split: GlueSplit, header: string[]) {
  const place = (role: string, name: string): number => {
    const column = header.indexOf(name)
    if (column < 0)
      throw fileError(
        path,
        `no column ${JSON.stringify(name)} for ${role}; the columns are ${header.map((n) => JSON.stringify(n)).join(', ')}: is this ${basename(path)} of ${task.name}?`,
        undefined,
        1,
      )
    return column
  }
  const { columns } = task
  const text = place('text', columns.text)
  const textPair = columns.textPair === undefined ? undefined : place('textPair', columns.textPair)
  const label = split === 'test' ? header.indexOf(columns.label) : place('label', columns.label)
  const id = Math.max(header.indexOf('index'), header.indexOf('id'))
  return { text, textPair, label, id, width: Math.max(text, textPair ?? 0, label, id) + 1 }
}

function readLabel(raw: string, task: GlueTask, fail: () => TorchLoraError): string | number {
  if (task.labels === null) {
    const score = raw.trim() === '' ? Number.NaN : Number(raw)
    if (!Number.isFinite(score)) throw fail()
    return score
  }
  const id = task.rawLabels?.indexOf(raw) ?? -1
  if (id >= 0) return task.labels[id]!
  if (!task.labels.includes(raw)) throw fail()
  return raw
}

function labelProblem(raw: string, task: GlueTask): string {
  const expected =
    task.labels === null
      ? 'a score'
      : [...(task.rawLabels ?? []), ...task.labels].map((name) => JSON.stringify(name)).join(' or ')
  return `column ${JSON.stringify(task.columns.label)}: expected ${expected}, received ${JSON.stringify(raw)}`
}
