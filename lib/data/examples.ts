import { TorchLoraError } from '../errors.ts'
import { any, boolean, list, object, oneOf, type Rules, readOptions, string } from '../options.ts'
import { isFolder, readDatasetFolder } from './dataset-folder.ts'
import { labelBit, textBit } from './label-keys.ts'
import { dataExtension, fileError, readJsonLines, readLines, readText, readWhole } from './lines.ts'
import { openParquet } from './parquet.ts'

/**
 * A class name, a class number or a score; or, for several labels, the names of all classes that hold, or 0 or 1 for
 * each class.
 */
export type ExampleLabel = string | number | boolean | string[] | (number | boolean)[]

/** A text or a pair of texts, with what is known of it. */
export interface Example {
  text: string
  textPair?: string | undefined
  label?: ExampleLabel | undefined
  /** The row's own name, for predictions that must carry it. */
  id?: string | undefined
  /** Where it was read, for messages. */
  file?: string | undefined
  line?: number | undefined
}

/** A column by its name, or by its place (0 is the first) in a file without a header. */
export type Column = string | number

/** The formats that files of examples have. */
export type ExampleFormat = 'jsonl' | 'json' | 'csv' | 'tsv' | 'parquet'

/** How a file of examples is read. */
export interface ReadExamplesOptions {
  /** Of a folder (Hugging Face's layout of a data set): which part. Default 'train'. */
  split?: 'train' | 'validation' | 'test' | undefined
  /** Default: by the file's extension. */
  format?: ExampleFormat | undefined
  /**
   * Which column or key holds what. Defaults, the first that the file has: `text` from text, sentence, sentence1,
   * premise; `textPair` from textPair, text_pair, sentence2, hypothesis; `label` from label, labels; `id` from id,
   * idx, index. `null` reads none.
   */
  columns?: { text?: Column; textPair?: Column | null; label?: Column | null; id?: Column | null } | undefined
  /** One column a class, each of which says by 0 or 1 whether it holds, instead of a column of labels. */
  labelColumns?: readonly Column[] | undefined
  /** Refuse a file without labels. Default false: whoever needs them says so later, for each example. */
  labelled?: boolean | undefined
  /** csv and tsv: whether the first row names the columns. Default true; without, `columns.text` must be a number. */
  header?: boolean | undefined
  /** csv and tsv: whether a quotation mark opens a quoted field. Default true for csv, false for tsv. */
  quoting?: boolean | undefined
  /** csv and tsv: splits a label field into several labels, for instance '|'. Default: one label. */
  labelSeparator?: string | undefined
}

const rules: Rules<ReadExamplesOptions> = {
  split: oneOf('train', 'validation', 'test'),
  format: any,
  columns: object('an object that says a column for text, textPair, label and id'),
  labelColumns: list('columns'),
  labelled: boolean,
  header: boolean,
  quoting: boolean,
  labelSeparator: string,
}
const columnRules: Rules<NonNullable<ReadExamplesOptions['columns']>> = {
  text: any,
  textPair: any,
  label: any,
  id: any,
}

const DEFAULTS = {
  text: ['text', 'sentence', 'sentence1', 'premise'],
  textPair: ['textPair', 'text_pair', 'sentence2', 'hypothesis'],
  label: ['label', 'labels'],
  id: ['id', 'idx', 'index'],
}
type Role = keyof typeof DEFAULTS
const ROLES = Object.keys(DEFAULTS) as Role[]

/**
 * Reads labelled or unlabelled texts from a .jsonl, .json (an array of objects), .csv, .tsv or .parquet file, each but
 * the last perhaps with .gz, or from a folder of such files as Hugging Face's hub has a data set (`readDatasetFolder`).
 * A file is read as a stream; .json alone is parsed in one piece, so prefer .jsonl for large data.
 *
 * In csv and tsv every field is text: a label that reads as a number stays a string, and an empty one is no label.
 *
 * @throws TorchLoraError INVALID_FILE naming file, line and column for whatever is missing or malformed,
 * INVALID_ARGUMENT for options that make no sense.
 */
export async function readExamples(path: string, options: ReadExamplesOptions = {}): Promise<Example[]> {
  if (typeof path !== 'string')
    throw new TorchLoraError('INVALID_ARGUMENT', `path: expected a string, received ${kind(path)}`)
  readOptions('readExamples', options, rules)
  if (options.columns) readOptions('readExamples, columns', options.columns, columnRules)
  if (await isFolder(path)) return await readFolder(path, options)
  const format = options.format ?? formatOf(path)
  const examples: Example[] = []
  if (format === 'csv' || format === 'tsv') await readDelimited(path, format, options, examples)
  else if (format === 'jsonl')
    for await (const { value, number } of readJsonLines(path))
      examples.push(exampleOf(value, path, number, options))
  else if (format === 'json') await readJsonArray(path, options, examples)
  else if (format === 'parquet') await readParquet(path, options, examples)
  else
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `format: expected jsonl, json, csv, tsv or parquet, received ${JSON.stringify(format)}`,
    )
  if (examples.length === 0) throw fileError(path, 'holds no examples; expected at least one row with a text')
  return examples
}

/** One part of a data set in a folder, of however many files. */
async function readFolder(folder: string, options: ReadExamplesOptions): Promise<Example[]> {
  const { split = 'train', ...each } = options
  const parts = await readDatasetFolder(folder)
  if (parts[split].length === 0)
    throw fileError(
      folder,
      `has no file of the part ${split}; it has ${Object.entries(parts)
        .filter(([, files]) => files.length > 0)
        .map(([name]) => name)
        .join(', ')}`,
    )
  const examples: Example[] = []
  for (const file of parts[split])
    for (const example of await readExamples(file, each)) examples.push(example)
  return examples
}

async function readParquet(path: string, options: ReadExamplesOptions, examples: Example[]) {
  const { columns, rows } = await openParquet(path)
  const wanted = new Set(options.labelColumns?.map(String))
  for (const role of ROLES) {
    const asked = role === 'label' && options.labelColumns ? null : options.columns?.[role]
    if (asked === null) continue
    const names = asked === undefined ? DEFAULTS[role] : [String(asked)]
    const name = names.find((each) => columns.includes(each))
    if (name !== undefined) wanted.add(name)
    else if (asked !== undefined || role === 'text' || (role === 'label' && options.labelled))
      throw fileError(
        path,
        `no column ${names.map((n) => JSON.stringify(n)).join(' or ')} for ${role}; the columns are ${columns.map((n) => JSON.stringify(n)).join(', ')}: name the right one in \`columns.${role}\``,
      )
  }
  const missing = [...wanted].filter((name) => !columns.includes(name))
  if (missing.length > 0)
    throw fileError(
      path,
      `no column ${missing.map((n) => JSON.stringify(n)).join(', ')} of \`labelColumns\`; the columns are ${columns.map((n) => JSON.stringify(n)).join(', ')}`,
    )
  let number = 0
  for await (const row of rows([...wanted])) examples.push(exampleOf(row, path, ++number, options, 'row'))
}

function formatOf(path: string): ExampleFormat {
  const extension = dataExtension(path)
  if (extension === '.parquet' && /\.gz$/i.test(path))
    throw new TorchLoraError(
      'INVALID_FILE',
      `${path}: parquet is packed within and read in parts; unpack the .gz`,
      {
        file: path,
      },
    )
  const known = {
    '.jsonl': 'jsonl',
    '.ndjson': 'jsonl',
    '.json': 'json',
    '.csv': 'csv',
    '.tsv': 'tsv',
    '.parquet': 'parquet',
  } as const
  const format = known[extension as keyof typeof known]
  if (format === undefined)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `${path}: the extension ${JSON.stringify(extension)} does not say the format; expected .jsonl, .json, .csv, .tsv (perhaps with .gz) or .parquet, or the option format`,
      { file: path },
    )
  return format
}

/** Where each role is in a row, and each class that has a column of its own. */
interface Places extends Partial<Record<Role, number>> {
  classes?: { name: string; place: number }[] | undefined
}

/** The places of each role among `header`, or by number where there is no header. */
function placeColumns(path: string, header: string[] | undefined, options: ReadExamplesOptions): Places {
  const places: Places = {}
  const shown = header?.map((name) => JSON.stringify(name)).join(', ')
  const once = (name: string) => {
    if (header!.indexOf(name) !== header!.lastIndexOf(name))
      throw fileError(path, `two columns are called ${JSON.stringify(name)}; name each once`, undefined, 1)
  }
  if (options.labelColumns) {
    places.classes = options.labelColumns.map((column) => {
      const place = typeof column === 'number' ? column : (header?.indexOf(column) ?? -1)
      if (place < 0)
        throw fileError(
          path,
          `no column ${JSON.stringify(column)} of \`labelColumns\`; ${header ? `the columns are ${shown}` : 'a file without a header has no names, so give numbers from 0'}`,
          undefined,
          1,
        )
      if (header) once(header[place] ?? '')
      return { name: header?.[place] ?? String(column), place }
    })
  }
  for (const role of ROLES) {
    const wanted = role === 'label' && places.classes ? null : options.columns?.[role]
    if (wanted === null) continue
    if (typeof wanted === 'number') {
      if (!Number.isInteger(wanted) || wanted < 0)
        throw new TorchLoraError(
          'INVALID_ARGUMENT',
          `\`columns.${role}\`: expected a column's name or its number from 0, received ${wanted}`,
        )
      places[role] = wanted
    } else if (header === undefined) {
      if (wanted !== undefined || role === 'text')
        throw new TorchLoraError(
          'INVALID_ARGUMENT',
          `\`columns.${role}\`: a file without a header has no names; give the column's number from 0, received ${JSON.stringify(wanted)}`,
        )
    } else {
      const names = wanted === undefined ? DEFAULTS[role] : [wanted]
      const place = names.map((name) => header.indexOf(name)).find((p) => p >= 0)
      if (place !== undefined) {
        once(header[place]!)
        places[role] = place
      } else if (wanted !== undefined || role === 'text' || (role === 'label' && options.labelled))
        throw fileError(
          path,
          `no column ${names.map((n) => JSON.stringify(n)).join(' or ')} for ${role}; the columns are ${shown}: name the right one in \`columns.${role}\`${role === 'label' ? ' (or, with a column of 0 and 1 a class, their names in `labelColumns`)' : ''}, or set \`header: false\` if this row is data`,
          undefined,
          1,
        )
    }
  }
  return places
}

async function readDelimited(
  path: string,
  format: 'csv' | 'tsv',
  options: ReadExamplesOptions,
  examples: Example[],
) {
  const hasHeader = options.header ?? true
  const quoting = options.quoting ?? format === 'csv'
  const delimiter = format === 'csv' ? ',' : '\t'
  let header: string[] | undefined
  let width = 0
  let places: Places | undefined
  const row = (fields: string[], line: number) => {
    if (places === undefined) {
      width = fields.length
      if (hasHeader) header = fields
      places = placeColumns(path, header, options)
      if (hasHeader) return
    }
    if (fields.length !== width) {
      const sign = format === 'csv' ? 'comma' : 'tab'
      const hint = quoting
        ? `put a field that holds a ${sign} into quotation marks`
        : `a field cannot hold a ${sign} (\`quoting: true\` lets it, in quotation marks)`
      throw fileError(
        path,
        `${fields.length} fields where the ${header ? 'header' : 'first row'} has ${width}; ${hint}`,
        undefined,
        line,
      )
    }
    const field = (role: Role): string | undefined => {
      const place = places![role]
      if (place === undefined) return undefined
      const value = fields[place]
      if (value === undefined)
        throw fileError(
          path,
          `no column number ${place} for ${role}: the rows have ${width} fields`,
          undefined,
          line,
        )
      return value
    }
    const example: Example = { text: field('text')! }
    const textPair = field('textPair')
    if (textPair !== undefined) example.textPair = textPair
    const label = field('label')
    const separator = options.labelSeparator
    if (separator !== undefined && label !== undefined)
      example.label = label === '' ? [] : label.split(separator).map((name) => name.trim())
    else if (label !== undefined && label !== '') example.label = label
    if (places.classes)
      example.label = places.classes.flatMap(({ name, place }) => {
        const bit = textBit(fields[place] ?? '')
        if (bit === undefined)
          throw fileError(
            path,
            `column ${JSON.stringify(name)}: expected 0 or 1, received ${JSON.stringify(fields[place])}`,
            undefined,
            line,
          )
        return bit ? [name] : []
      })
    const id = field('id')
    if (id !== undefined) example.id = id
    examples.push(Object.assign(example, { file: path, line }))
  }

  if (!quoting) {
    for await (const { text, number } of readLines(path)) if (text !== '') row(text.split(delimiter), number)
    return
  }
  const { CsvError, parse } = await import('csv-parse')
  const parser = parse({ delimiter, bom: true, info: true, relax_column_count: true, skip_empty_lines: true })
  const feed = async () => {
    try {
      for await (const part of readText(path))
        if (!parser.write(part)) await new Promise((r) => parser.once('drain', r))
      parser.end()
    } catch (error) {
      parser.destroy(error as Error)
    }
  }
  const feeding = feed()
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[]
      info: { lines: number }
    }>)
      row(record, info.lines)
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    const line = typeof cause.lines === 'number' ? cause.lines : undefined
    throw fileError(
      path,
      `${cause.message.replace(/\.?$/, '')}; double a quotation mark inside a quoted field, or set \`quoting: false\``,
      cause,
      line,
    )
  } finally {
    parser.destroy()
  }
  await feeding
}

async function readJsonArray(path: string, options: ReadExamplesOptions, examples: Example[]) {
  const text = await readWhole(path, 'write one object a line (.jsonl)')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw fileError(
      path,
      `not JSON (${(cause as Error).message}); a file with one object a line is .jsonl`,
      cause,
    )
  }
  if (!Array.isArray(value)) throw fileError(path, `expected an array of objects, received ${kind(value)}`)
  value.forEach((item, i) => {
    examples.push(exampleOf(item, path, i + 1, options, 'element'))
  })
}

const kind = (value: unknown) =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'an array'
      : typeof value === 'object'
        ? 'an object'
        : `${typeof value} ${JSON.stringify(value)}`

/** An example from an object: a line of a .jsonl file, an element of a .json array, or a row of a .parquet file. */
function exampleOf(
  value: unknown,
  path: string,
  number: number,
  options: ReadExamplesOptions,
  unit: 'line' | 'element' | 'row' = 'line',
): Example {
  const fail = (problem: string) =>
    unit === 'line'
      ? fileError(path, problem, undefined, number)
      : fileError(path, `${unit} ${number}: ${problem}`)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw fail(`expected an object such as {"text": ..., "label": ...}, received ${kind(value)}`)
  const object = value as Record<string, unknown>
  const pick = (role: Role): [string, unknown] | undefined => {
    const wanted = role === 'label' && options.labelColumns ? null : options.columns?.[role]
    if (wanted === null) return undefined
    const names = wanted === undefined ? DEFAULTS[role] : [String(wanted)]
    const name = names.find((n) => Object.hasOwn(object, n))
    if (name === undefined) {
      if (
        role === 'text' ||
        (wanted !== undefined && role !== 'id') ||
        (role === 'label' && options.labelled)
      )
        throw fail(
          `no key ${names.map((n) => JSON.stringify(n)).join(' or ')} for ${role}; the keys are ${Object.keys(
            object,
          )
            .map((k) => JSON.stringify(k))
            .join(', ')}: name the right one in \`columns.${role}\``,
        )
      return undefined
    }
    return [name, object[name]]
  }
  const string = (role: Role): string | undefined => {
    const found = pick(role)
    if (found === undefined || (found[1] === null && role !== 'text')) return undefined
    if (role === 'id' && typeof found[1] === 'number') return String(found[1])
    if (typeof found[1] !== 'string')
      throw fail(`key ${JSON.stringify(found[0])}: expected a string for ${role}, received ${kind(found[1])}`)
    return found[1]
  }
  const example: Example = { text: string('text')! }
  const textPair = string('textPair')
  if (textPair !== undefined) example.textPair = textPair
  const label = pick('label')
  if (label !== undefined && label[1] !== null) {
    const [name, given] = label
    if (typeof given === 'string' || (typeof given === 'number' && Number.isFinite(given)))
      example.label = given
    else if (typeof given === 'boolean') example.label = String(given)
    else if (Array.isArray(given) && given.every((item) => typeof item === 'string')) example.label = given
    else if (Array.isArray(given) && given.every((item) => labelBit(item) !== undefined))
      example.label = given
    else
      throw fail(
        `key ${JSON.stringify(name)}: expected a string, a number, an array of strings or a vector of 0 and 1 for label, received ${kind(given)}`,
      )
  }
  if (options.labelColumns)
    example.label = options.labelColumns.map(String).filter((name) => {
      const bit = labelBit(object[name])
      if (bit === undefined)
        throw fail(
          `key ${JSON.stringify(name)} of \`labelColumns\`: expected 0 or 1, received ${Object.hasOwn(object, name) ? kind(object[name]) : 'nothing'}`,
        )
      return bit === 1
    })
  const id = string('id')
  if (id !== undefined) example.id = id
  return Object.assign(example, unit === 'element' ? { file: path } : { file: path, line: number })
}
