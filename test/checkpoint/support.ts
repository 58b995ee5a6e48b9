import { readFileSync } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect } from 'vitest'
import { ITEM_SIZE, type TensorEntry } from '../../lib/checkpoint/index.ts'
import { TorchLoraError, type TorchLoraErrorCode } from '../../lib/errors.ts'

export const FIXTURES = resolve(import.meta.dirname, '../fixtures')

/** A folder that is gone after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'torch-lora-test-'))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A tensor's elements, row-major, gathered through its strides by plain file reads. */
export async function readElements(entry: TensorEntry): Promise<Buffer> {
  const size = ITEM_SIZE[entry.dtype]
  const span = Buffer.alloc(entry.byteLength)
  const handle = await open(entry.file, 'r')
  try {
    const { bytesRead } = await handle.read(span, 0, span.length, entry.byteOffset)
    expect(bytesRead).toBe(span.length)
  } finally {
    await handle.close()
  }
  const pieces: Buffer[] = []
  const gather = (dim: number, at: number): void => {
    if (dim === entry.shape.length) pieces.push(span.subarray(at * size, (at + 1) * size))
    else for (let i = 0; i < entry.shape[dim]!; i++) gather(dim + 1, at + i * entry.strides[dim]!)
  }
  gather(0, 0)
  return Buffer.concat(pieces)
}

/** The error of a promise that must reject with a TorchLoraError of this code. */
export async function failure(promise: Promise<unknown>, code: TorchLoraErrorCode): Promise<TorchLoraError> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(TorchLoraError)
  expect((error as TorchLoraError).code, (error as TorchLoraError).message).toBe(code)
  return error as TorchLoraError
}

/** Bytes of a mapped file that are resident in this process: /proc/self/smaps. */
export function residentBytes(path: string): number {
  let kib = 0
  let inside = false
  for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) inside = line.endsWith(` ${path}`)
    else if (inside) kib += Number(/^Rss:\s+(\d+) kB$/.exec(line)?.[1] ?? 0)
  }
  return kib * 1024
}
