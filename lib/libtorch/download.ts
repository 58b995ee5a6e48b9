import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { TorchLoraError } from '../errors.ts'
import { shownUrl, type Transport, transport } from './transport.ts'
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

export interface DownloadOptions {
  transport?: Transport
  onBytes?: OnBytes
  signal?: AbortSignal
}

/** The name that a URL gives its file. */
export function fileNameOf(url: string): string {
  return decodeURIComponent(basename(new URL(url).pathname))
}

/**
 * Downloads a file into `folder`. What breaks off goes on where it stopped, in this run, which tries five times, and
 * in the next.
 * @returns the path
 * @throws TorchLoraError NETWORK, ABORTED
 */
export async function downloadFile(
  url: string,
  folder: string,
  options: DownloadOptions = {},
): Promise<string> {
  const { signal, transport: through = transport() } = options
  const target = join(folder, fileNameOf(url))
  await mkdir(folder, { recursive: true })
  let done = 0
  const onBytes: OnBytes = (bytes, total) => {
    done = bytes
    options.onBytes?.(bytes, total)
  }
  // A try that brought something on is not counted: a poor line may break many times in a gigabyte.
  let furthest = 0
  for (let tries = 1; ; tries++) {
    try {
      await downloadOnce(url, target, { transport: through, onBytes, signal })
      return target
    } catch (cause) {
      if (cause instanceof TorchLoraError || (cause as NodeJS.ErrnoException).syscall === 'write') throw cause
      if (done > furthest) tries = 1
      furthest = Math.max(furthest, done)
      if (await through.again(tries, signal)) continue
      if (signal?.aborted) throw new TorchLoraError('ABORTED', 'The download was interrupted.', { cause })
      throw new TorchLoraError(
        'NETWORK',
        `The download of ${shownUrl(url)} broke off after ${done} bytes, ${tries} times (${(cause as Error).message}). Run the command again: it goes on from there.`,
        { cause },
      )
    }
  }
}

async function downloadOnce(
  url: string,
  target: string,
  options: { transport: Transport; onBytes: OnBytes; signal?: AbortSignal },
): Promise<void> {
  const partial = `${target}.part`
  const address = shownUrl(url)
  const earlier = await readFile(`${partial}.json`, 'utf8').then(
    (text) => JSON.parse(text) as Partial,
    () => undefined,
  )
  const size = await stat(partial).then(
    (stats) => stats.size,
    () => 0,
  )
  const from = earlier?.url === address && earlier.validator ? size : 0
  const range = from > 0 ? { range: `bytes=${from}-`, 'if-range': earlier!.validator } : undefined
  const { signal } = options
  let response = await options.transport.request(url, { headers: range, signal, accept: [416] })
  if (response.status === 416) {
    await response.body?.cancel()
    response = await options.transport.request(url, { signal }) // nothing lies beyond
  }
  const resumed = response.status === 206
  const validator = response.headers.get('etag') ?? response.headers.get('last-modified') ?? ''
  await writeFile(`${partial}.json`, JSON.stringify({ url: address, validator } satisfies Partial))

  let done = resumed ? from : 0
  const length = response.headers.get('content-length')
  const total = length === null ? 0 : done + Number(length)
  const count = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      done += chunk.length
      options.onBytes(done, total)
      callback(null, chunk)
    },
  })
  const body = Readable.fromWeb(response.body as ReadableStream)
  await pipeline(body, count, createWriteStream(partial, { flags: resumed ? 'a' : 'w' }), { signal })
  if (length !== null && done !== total) throw new Error(`${total} bytes were promised`)
  await rename(partial, target)
  await rm(`${partial}.json`)
}
