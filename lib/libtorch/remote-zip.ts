import { Readable } from 'node:stream'
import { fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl'
import { TorchLoraError } from '../errors.ts'
import { shownUrl, type Transport } from './transport.ts'

/** A zip that lies on a server. */
export interface RemoteArchive {
  url: string
  transport: Transport
  signal?: AbortSignal
}

/** What is asked for at once: yauzl reads a table of contents 46 bytes at a time. */
const block = 1 << 20

/** Reads a zip on a server block by block, so that a table of contents costs a megabyte of half a gigabyte. */
class RemoteReader extends RandomAccessReader {
  readonly #archive: RemoteArchive
  readonly #bytes: number
  readonly #blocks = new Map<number, Promise<Buffer>>()

  constructor(archive: RemoteArchive, bytes: number) {
    super()
    this.#archive = archive
    this.#bytes = bytes
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#pieces(start, end))
  }

  async *#pieces(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end; ) {
      const first = Math.floor(at / block)
      const bytes = await this.#block(first)
      const piece = bytes.subarray(at - first * block, end - first * block)
      at += piece.length
      yield piece
    }
  }

  #block(index: number): Promise<Buffer> {
    const known = this.#blocks.get(index)
    if (known) return known
    const { url, transport, signal } = this.#archive
    const last = Math.min((index + 1) * block, this.#bytes) - 1
    const asked = transport
      .request(url, { headers: { range: `bytes=${index * block}-${last}` }, signal })
      .then(async (response) => {
        const bytes = Buffer.from(await response.arrayBuffer())
        if (response.status !== 206 || bytes.length !== last + 1 - index * block)
          throw new TorchLoraError(
            'NETWORK',
            `${shownUrl(url)}: the server gives other bytes than it was asked for.`,
          )
        return bytes
      })
    this.#blocks.set(index, asked)
    return asked
  }
}

/**
 * Opens a zip that lies on a server.
 * @throws TorchLoraError NETWORK (also where the server gives no parts of files), ABORTED
 */
export async function openRemoteZip(archive: RemoteArchive): Promise<ZipFile> {
  const { url, transport, signal } = archive
  const head = await transport.request(url, { headers: { range: 'bytes=0-3' }, signal })
  await head.body?.cancel()
  const bytes = Number(/\/(\d+)$/.exec(head.headers.get('content-range') ?? '')?.[1] ?? Number.NaN)
  if (head.status !== 206 || !Number.isSafeInteger(bytes))
    throw new TorchLoraError('NETWORK', `${shownUrl(url)}: the server gives no parts of files.`)
  return await fromRandomAccessReaderPromise(new RemoteReader(archive, bytes), bytes, { autoClose: false })
}
