import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { TorchLoraError } from '../errors.ts'
import type { OnBytes } from './unpack.ts'

/** sha256 of a file, in hex. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/**
 * Checks a file against the sha256 that was promised for it.
 * @throws TorchLoraError INVALID_FILE
 */
export async function verifySha256(file: string, expected: string): Promise<void> {
  const actual = await sha256Of(file)
  if (actual === expected.toLowerCase()) return
  throw new TorchLoraError(
    'INVALID_FILE',
    `${file} is not what was asked for: its sha256 is ${actual}, expected ${expected.toLowerCase()}. Get it again, or correct the checksum.`,
    { file },
  )
}

/** The checksum that a package index puts behind a URL: `...whl#sha256=<hex>`. */
export function sha256InUrl(url: string): string | undefined {
  return /#sha256=([0-9a-f]{64})$/i.exec(url)?.[1]
}

interface Partial {
  url: string
  /** The server's ETag or date: two versions of a file are never joined. */
  validator: string
}

/**
 * Downloads a file into `folder`, going on where an interrupted download of the same URL stopped.
 * @returns the path
 * @throws TorchLoraError NETWORK, ABORTED
 */
export async function downloadFile(
  url: string,
  folder: string,
  options: { onBytes?: OnBytes; signal?: AbortSignal } = {},
): Promise<string> {
  const target = join(folder, decodeURIComponent(basename(new URL(url).pathname)))
  const partial = `${target}.part`
  await mkdir(folder, { recursive: true })
  const earlier = await readFile(`${partial}.json`, 'utf8').then(
    (text) => JSON.parse(text) as Partial,
    () => undefined,
  )
  const size = await stat(partial).then(
    (stats) => stats.size,
    () => 0,
  )
  const from = earlier?.url === url && earlier.validator ? size : 0
  const range = from > 0 ? { range: `bytes=${from}-`, 'if-range': earlier!.validator } : undefined
  let response = await request(url, range, options.signal)
  if (response.status === 416) response = await request(url, undefined, options.signal) // nothing lies beyond
  const resumed = response.status === 206
  const validator = response.headers.get('etag') ?? response.headers.get('last-modified') ?? ''
  await writeFile(`${partial}.json`, JSON.stringify({ url, validator } satisfies Partial))

  let done = resumed ? from : 0
  const length = response.headers.get('content-length')
  const total = length === null ? 0 : done + Number(length)
  const count = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      done += chunk.length
      options.onBytes?.(done, total)
      callback(null, chunk)
    },
  })
  try {
    const body = Readable.fromWeb(response.body as ReadableStream)
    await pipeline(body, count, createWriteStream(partial, { flags: resumed ? 'a' : 'w' }), {
      signal: options.signal,
    })
    if (length !== null && done !== total) throw new Error(`${total} bytes were promised`)
  } catch (cause) {
    if (options.signal?.aborted)
      throw new TorchLoraError('ABORTED', 'The download was interrupted.', { cause })
    throw new TorchLoraError(
      'NETWORK',
      `The download of ${url} broke off after ${done} bytes (${(cause as Error).message}). Run the command again: it goes on from there.`,
      { cause },
    )
  }
  await rename(partial, target)
  await rm(`${partial}.json`)
  return target
}

async function request(
  url: string,
  range: Record<string, string> | undefined,
  signal: AbortSignal | undefined,
): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, { headers: { 'accept-encoding': 'identity', ...range }, signal })
  } catch (cause) {
    if (signal?.aborted) throw new TorchLoraError('ABORTED', 'The download was interrupted.', { cause })
    const deeper = (cause as Error).cause
    const reason = deeper instanceof Error ? deeper.message : (cause as Error).message
    throw new TorchLoraError(
      'NETWORK',
      `${url} cannot be reached: ${reason}. Check the address; behind a proxy, get the file by other means and give it to --from.`,
      { cause },
    )
  }
  if (!response.ok && response.status !== 416) {
    throw new TorchLoraError(
      'NETWORK',
      `${url} answered ${response.status} ${response.statusText}. Check the address.`,
    )
  }
  return response
}
