import { createReadStream } from 'node:fs'
import { extname } from 'node:path'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { TorchLoraError } from '../errors.ts'

/** One line of a text file, without its line end. */
export interface Line {
  text: string
  /** 1-based. */
  number: number
}

/** Characters of a line at most, and of a file that is read whole. */
const maxTextLength = 256 * 2 ** 20

const packed = /\.gz$/i

/** The extension that says what a file holds, in lower case: ".jsonl" of "Train.JSONL.gz". */
export function dataExtension(path: string): string {
  return extname(path.replace(packed, '')).toLowerCase()
}

/** Whether a file holds a JSON value a line, by its name. */
export function isJsonLines(path: string): boolean {
  return ['.jsonl', '.ndjson'].includes(dataExtension(path))
}

/**
 * The lines of a UTF-8 file, read as a stream so that a large file never holds the event loop. Lines end at \n or
 * \r\n and nowhere else (a sentence may hold U+2028, which readline splits at); a byte-order mark is dropped, and a
 * last line needs no end.
 *
 * @throws TorchLoraError INVALID_FILE when the file cannot be read or is not UTF-8.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let rest = ''
  let number = 0
  for await (const part of readText(path)) {
    const lines = part.split('\n') // only what is new is searched: a long line takes time in proportion to it
    lines[0] = rest + lines[0]
    rest = lines.pop()!
    for (const line of lines) yield { text: line.endsWith('\r') ? line.slice(0, -1) : line, number: ++number }
    if (rest.length > maxTextLength)
      throw fileError(
        path,
        `a line of more than ${maxTextLength / 2 ** 20} Mi characters; end each example with a line break`,
        undefined,
        number + 1,
      )
  }
  if (rest !== '') yield { text: rest, number: ++number }
}

/** A line of a .jsonl file. */
export interface JsonLine extends Line {
  value: unknown
}

/**
 * The values of a .jsonl file, empty lines left out.
 * @throws TorchLoraError INVALID_FILE as {@link readLines}, and for a line that is not JSON
 */
export async function* readJsonLines(path: string): AsyncGenerator<JsonLine> {
  for await (const line of readLines(path)) {
    if (line.text.trim() === '') continue
    let value: unknown
    try {
      value = JSON.parse(line.text)
    } catch (cause) {
      const problem = `not JSON (${(cause as Error).message}); expected one object a line`
      throw fileError(path, problem, cause, line.number)
    }
    yield { ...line, value }
  }
}

/**
 * A UTF-8 file as one text.
 * @param remedy what to do with one that is too large, for the message
 * @throws TorchLoraError INVALID_FILE as {@link readLines}, and for more characters than a string should hold
 */
export async function readWhole(path: string, remedy: string): Promise<string> {
  let text = ''
  for await (const part of readText(path)) {
    text += part
    if (text.length > maxTextLength)
      throw fileError(
        path,
        `more than ${maxTextLength / 2 ** 20} Mi characters, which a .json file is read whole for; ${remedy}`,
      )
  }
  return text
}

/**
 * The text of a UTF-8 file in parts, without its byte-order mark; unpacked where its name ends in .gz, in capitals too.
 * @throws TorchLoraError INVALID_FILE as {@link readLines}.
 */
export async function* readText(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let bytes = 0
  const decode = (chunk?: Uint8Array) => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode()
    } catch (cause) {
      throw fileError(
        path,
        `not UTF-8 text, within the ${chunk?.length ?? 0} bytes after byte ${bytes}; save the file as UTF-8`,
        cause,
      )
    }
  }
  try {
    const bytesOf = createReadStream(path)
    // The callback's errors reach whoever reads.
    const source = packed.test(path) ? pipeline(bytesOf, createGunzip(), () => {}) : bytesOf
    for await (const chunk of source as AsyncIterable<Buffer>) {
      yield decode(chunk)
      bytes += chunk.length
    }
  } catch (cause) {
    if (cause instanceof TorchLoraError) throw cause
    throw fileError(path, `cannot be read (${(cause as Error).message})`, cause)
  }
  const end = decode()
  if (end !== '') yield end
}

/** An INVALID_FILE error: "path: problem", or "path, line 3: problem". */
export function fileError(path: string, problem: string, cause?: unknown, line?: number): TorchLoraError {
  const where = line === undefined ? path : `${path}, line ${line}`
  // What it names comes from the file, and may be of any length.
  const shown = problem.length > 1000 ? `${problem.slice(0, 1000)}…` : problem
  return new TorchLoraError('INVALID_FILE', `${where}: ${shown}`, { file: path, cause })
}
