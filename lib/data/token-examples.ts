import { TorchLoraError } from '../errors.ts'
import { dataExtension, fileError, isJsonLines, readJsonLines, readLines } from './lines.ts'

/** A stretch of a text with a label. `start` and `end` count UTF-16 code units, as `text.slice(start, end)` takes them. */
export interface TextSpan {
  start: number
  end: number
  label: string
}

/** A text whose words have tags, or whose stretches have labels. */
export interface TokenExample {
  /** The text as words; with `tags`, one a word ("B-person", "O"). */
  words?: readonly string[] | undefined
  tags?: readonly string[] | undefined
  /** The text in one piece; with `entities`, its labelled stretches. */
  text?: string | undefined
  entities?: readonly TextSpan[] | undefined
  /** Where it was read, for messages. */
  file?: string | undefined
  line?: number | undefined
}

/**
 * Reads texts with labelled words from a `.conll` file (a word, a tab, a tag a line; an empty line between texts), or
 * from `.jsonl` with `{"words", "tags"}` or `{"text", "entities": [{"start", "end", "label"}]}` a line.
 * @throws TorchLoraError INVALID_FILE naming file and line; INVALID_ARGUMENT for another kind of file
 */
export async function readTokenExamples(path: string): Promise<TokenExample[]> {
  const examples: TokenExample[] = []
  if (['.conll', '.tsv', '.txt', '.iob', '.bio'].includes(dataExtension(path)))
    await readConll(path, examples)
  else if (isJsonLines(path))
    for await (const { value, number } of readJsonLines(path)) {
      const wrong = (problem: string) => fileError(path, problem, undefined, number)
      examples.push({ ...parseRow(value, wrong), file: path, line: number })
    }
  else
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `${path}: expected a .conll file (word, tab, tag a line) or .jsonl with words and tags or text and entities`,
      { file: path },
    )
  if (examples.length === 0) throw fileError(path, 'holds no texts; expected at least one word with a tag')
  return examples
}

/**
 * The columns of a line: a word may be white space or hold it, and so tabs alone part them where there are any. The
 * first is the word, the last its tag.
 */
function columnsOf(text: string): string[] {
  return text.includes('\t') ? text.split('\t') : text.trimEnd().split(/ +/)
}

/** A line between the documents of CoNLL-2003, and no text. */
const documentStart = '-DOCSTART-'

async function readConll(path: string, examples: TokenExample[]): Promise<void> {
  let words: string[] = []
  let tags: string[] = []
  let first = 0
  let expected: { count: number; line: number } | undefined
  const end = () => {
    if (words.length > 0) examples.push({ words, tags, file: path, line: first })
    words = []
    tags = []
  }
  for await (const { text, number } of readLines(path)) {
    // WNUT-17's own files part texts by a line that holds a tab alone.
    if (text.trim() === '' || text.startsWith(documentStart)) {
      end()
      continue
    }
    const columns = columnsOf(text)
    const [word = '', tag] = [columns[0], columns.at(-1)!.trim()]
    const wrong = (problem: string) => fileError(path, problem, undefined, number)
    if (columns.length < 2 || word === '' || tag === '')
      throw wrong(`no tag; expected a word, a tab and a tag, received ${shown(text)}`)
    expected ??= { count: columns.length, line: number }
    if (columns.length !== expected.count)
      throw wrong(
        `${columns.length} columns, where line ${expected.line} has ${expected.count}: a word or its tag is missing, or one too many; give every line the same columns, a tab between them; received ${shown(text)}`,
      )
    if (words.length === 0) first = number
    words.push(word)
    tags.push(tag)
  }
  end()
}

/** The line that a word of an example stands in: of .conll its own, of .jsonl that of the example. */
export function lineOfWord({ file, line }: TokenExample, word: number): number | undefined {
  return file === undefined || line === undefined || isJsonLines(file) ? line : line + word
}

function parseRow(row: unknown, wrong: (problem: string) => TorchLoraError): TokenExample {
  const { words, tokens, tags, text, entities } = (row ?? {}) as Record<string, unknown>
  const given = words ?? tokens
  if (given !== undefined) {
    if (!isStrings(given)) throw wrong(`words must be an array of strings, received ${shown(given)}`)
    if (!isStrings(tags)) throw wrong(`tags must be an array of strings, one a word, received ${shown(tags)}`)
    if (given.length !== tags.length)
      throw wrong(
        `${given.length} words and ${tags.length} tags; give each word one, "O" where it is none, received ${shown(tags)}`,
      )
    return { words: given, tags }
  }
  if (typeof text !== 'string')
    throw wrong(
      `expected {"words", "tags"} or {"text", "entities": [{"start", "end", "label"}]}, received ${shown(row)}`,
    )
  if (!Array.isArray(entities))
    throw wrong(
      `entities must be an array of {"start", "end", "label"}, [] where there are none, received ${shown(entities)}`,
    )
  return { text, entities: entities.map((entity) => parseSpan(entity, wrong)) }
}

function parseSpan(entity: unknown, wrong: (problem: string) => TorchLoraError): TextSpan {
  const { start, end, label } = (entity ?? {}) as Record<string, unknown>
  if (!Number.isInteger(start) || !Number.isInteger(end) || typeof label !== 'string')
    throw wrong(`an entity must be {"start", "end", "label"} with whole numbers, received ${shown(entity)}`)
  return { start: start as number, end: end as number, label }
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string')
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 60)}...` : text
}

/**
 * The labels that examples use: "O" and every tag, sorted, and for labelled stretches "B-" and "I-" of each label.
 * @throws TorchLoraError INCOMPATIBLE where there is no label but "O"
 */
export function tagsOf(examples: readonly TokenExample[]): string[] {
  const tags = new Set<string>()
  for (const { tags: own = [], entities = [] } of examples) {
    for (const tag of own) tags.add(tag)
    for (const { label } of entities) for (const part of ['B', 'I']) tags.add(`${part}-${label}`)
  }
  tags.delete('O')
  if (tags.size === 0) {
    const file = examples[0]?.file
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `${file === undefined ? '' : `${file}: `}no word of the training data has a tag other than "O": there is nothing to learn; tag words, "B-person", or give stretches in \`entities\`.`,
    )
  }
  return ['O', ...[...tags].sort()]
}
