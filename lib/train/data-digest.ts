import { createHash, type Hash } from 'node:crypto'
import { TorchLoraError } from '../errors.ts'

/**
 * Says whether rows are the same data: of equal values, however the engine holds them (`v8.serialize` tells an array of
 * whole numbers from one of doubles).
 * @returns 16 hexadecimal digits
 * @throws TorchLoraError INVALID_ARGUMENT for what is no data: functions, promises, what holds itself
 */
export function digestOfData(rows: readonly unknown[]): string {
  const hash = createHash('sha256')
  try {
    add(hash, rows, new Set())
  } catch (cause) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `Trainer: a row of \`train\` is to be data, numbers, strings and arrays, of which a checkpoint can say whether it is the same: ${(cause as Error).message}`,
      { cause },
    )
  }
  return hash.digest('hex').slice(0, 16)
}

function add(hash: Hash, value: unknown, within: ReadonlySet<unknown>): void {
  if (typeof value === 'string') hash.update(`s${value.length}:${value}`)
  else if (typeof value === 'number') hash.update('n').update(new Float64Array([value]))
  else if (typeof value === 'function' || typeof value === 'symbol')
    throw new Error(`it holds a ${typeof value}.`)
  else if (typeof value !== 'object' || value === null) hash.update(`${typeof value}${value};`)
  else if (within.has(value)) throw new Error('it holds itself.')
  else if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset, byteLength } = value
    const bytes = new Uint8Array(buffer, byteOffset, byteLength)
    hash.update(`${value.constructor.name}${byteLength}:`).update(bytes)
  } else if (Array.isArray(value) && value.every((each) => typeof each === 'number')) {
    hash.update(`d${value.length}:`).update(Float64Array.from(value))
  } else {
    const parts = partsOf(value)
    hash.update(`${value.constructor?.name}${parts.length}:`)
    for (const part of parts) add(hash, part, new Set([...within, value]))
  }
}

function partsOf(value: object): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (value instanceof Map || value instanceof Set) return [...value]
  if (value instanceof Date) return [value.getTime()]
  if (value instanceof ArrayBuffer) return [new Uint8Array(value)]
  if (value instanceof Promise) throw new Error('it holds a promise.')
  return Object.entries(value).flat()
}
