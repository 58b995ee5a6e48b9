import { TorchLoraError } from '../errors.ts'
import type { DType } from '../native.ts'
import {
  type CheckpointIndex,
  contiguousStrides,
  elementCount,
  ITEM_SIZE,
  invalidFile,
  isCount,
  listProblems,
  MAX_DIMENSIONS,
  quote,
  type TensorEntry,
} from './entry.ts'
import { type OpenFile, withFile } from './file.ts'
import { duplicateKeys } from './json-duplicates.ts'

/**
 * Bytes of a header: fifty thousand tensors with long names. The safetensors library allows 100 MB, of which the
 * parsed values would take gigabytes.
 */
export const MAX_HEADER_BYTES = 8 * 2 ** 20

const DTYPES: Readonly<Record<string, DType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
}

/** In the format, but nothing here computes with them. */
const KNOWN_ELSEWHERE = new Set(
  'U16 U32 U64 C64 F4 F6_E2M3 F6_E3M2 F8_E4M3 F8_E5M2 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ'.split(' '),
)

/**
 * Reads and checks the header of a safetensors file: 8 bytes of header length, a JSON object, then the tensors without
 * holes or overlaps to the end of the file. No tensor data is read.
 *
 * @throws TorchLoraError INVALID_FILE naming file, tensors and why; UNSUPPORTED for a dtype that nothing here uses
 * Source: https://huggingface.co/docs/safetensors (format) and `SafeTensors::read_metadata` of its Rust library.
 */
export function readSafetensors(path: string): Promise<CheckpointIndex> {
  return withFile(path, async (file) => parseHeader(file, await readHeader(file)))
}

async function readHeader(file: OpenFile): Promise<Buffer> {
  if (file.size < 8) {
    throw invalidFile(file.path, `not a safetensors file: ${file.size} bytes, expected at least 8`)
  }
  const length = (await file.read(0, 8)).readBigUInt64LE()
  if (length > MAX_HEADER_BYTES) {
    throw invalidFile(
      file.path,
      `not a safetensors file, or a header that lies: it claims ${length} bytes, at most ${MAX_HEADER_BYTES} are allowed`,
    )
  }
  if (8n + length > BigInt(file.size)) {
    throw invalidFile(
      file.path,
      `truncated, or a header that lies: it claims ${length} bytes, the file has ${file.size}`,
    )
  }
  return file.read(8, Number(length))
}

function parseHeader(file: OpenFile, bytes: Buffer): CheckpointIndex {
  const header = parseObject(file.path, bytes)
  const dataStart = 8 + bytes.length
  const problems: string[] = []
  const entries: TensorEntry[] = []
  let metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      if (value === null) continue // as the safetensors library reads it
      if (isStringMap(value)) metadata = value
      else problems.push('__metadata__ is not an object of strings')
      continue
    }
    const entry = parseTensor(file.path, name, value, dataStart)
    if (typeof entry === 'string') problems.push(`tensor ${quote(name)} ${entry}`)
    else entries.push(entry)
  }
  if (problems.length === 0) problems.push(...layoutProblems(entries, dataStart, file.size))
  if (problems.length > 0)
    throw invalidFile(file.path, `a safetensors header that lies: ${listProblems(problems)}`)
  return { entries: new Map(entries.map((entry) => [entry.name, entry])), metadata }
}

function parseObject(path: string, bytes: Buffer): Record<string, unknown> {
  let text: string
  let header: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    header = JSON.parse(text)
  } catch (cause) {
    throw invalidFile(path, 'the safetensors header is not JSON in UTF-8', cause)
  }
  if (text[0] !== '{' || !isObject(header)) {
    throw invalidFile(path, 'the safetensors header is not a JSON object that starts with "{"')
  }
  const twice = duplicateKeys(text)
  if (twice.length > 0) {
    throw invalidFile(
      path,
      `a safetensors header that lies: keys named twice: ${listProblems(twice.map(quote))}`,
    )
  }
  return header
}

/** The entry, or what is wrong with it. */
function parseTensor(file: string, name: string, value: unknown, dataStart: number): TensorEntry | string {
  if (!isObject(value)) return 'is not an object'
  const { dtype: code, shape, data_offsets: offsets } = value
  if (typeof code !== 'string') return 'has no dtype'
  if (KNOWN_ELSEWHERE.has(code)) {
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${file}: tensor ${quote(name)} has dtype ${code}; supported are ${Object.keys(DTYPES).join(', ')}`,
      { file },
    )
  }
  const dtype = Object.hasOwn(DTYPES, code) ? DTYPES[code] : undefined
  if (dtype === undefined) return `has the unknown dtype ${quote(code)}`
  if (!Array.isArray(shape) || !shape.every(isCount)) return 'has a shape that is not a list of sizes'
  if (shape.length > MAX_DIMENSIONS)
    return `has ${shape.length} dimensions, at most ${MAX_DIMENSIONS} are read`
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    return 'has data_offsets that are not two positions'
  }
  const [begin, end] = offsets as [number, number]
  const count = elementCount(shape)
  const expected = count === undefined ? Number.POSITIVE_INFINITY : count * ITEM_SIZE[dtype]
  if (!Number.isSafeInteger(expected)) return `has the shape [${shape}], whose size overflows`
  if (end < begin || end - begin !== expected) {
    return `has data_offsets [${offsets}], but shape [${shape}] of ${code} takes ${expected} bytes`
  }
  return {
    name,
    dtype,
    shape,
    strides: contiguousStrides(shape),
    file,
    byteOffset: dataStart + begin,
    byteLength: expected,
  }
}

/** The format allows neither holes nor overlaps, and nothing after the last tensor. */
function layoutProblems(entries: readonly TensorEntry[], dataStart: number, fileSize: number): string[] {
  const ordered = [...entries].sort((a, b) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength)
  const problems: string[] = []
  let end = dataStart
  for (const { name, byteOffset, byteLength } of ordered) {
    const difference = byteOffset - end
    if (difference > 0) problems.push(`${difference} unused bytes before tensor ${quote(name)}`)
    if (difference < 0)
      problems.push(`tensor ${quote(name)} overlaps the one before it by ${-difference} bytes`)
    end = byteOffset + byteLength
  }
  if (end > fileSize) {
    problems.push(
      `its tensors end at byte ${end}, the file at byte ${fileSize}: truncated? Get the file again`,
    )
  }
  if (end < fileSize) problems.push(`${fileSize - end} bytes after the last tensor`)
  return problems
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isStringMap(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.values(value).every((item) => typeof item === 'string')
}
