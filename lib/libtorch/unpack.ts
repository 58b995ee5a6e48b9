import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { TorchLoraError } from '../errors.ts'
import { openRemoteZip, type RemoteArchive } from './remote-zip.ts'
import { shownUrl } from './transport.ts'

/** Bytes done of bytes in all. */
export type OnBytes = (done: number, total: number) => void

/** A wheel or zip: a path, or one that lies on a server. */
export type Archive = string | RemoteArchive

/** Opens a wheel or a libtorch zip and reads its table of contents. */
async function entriesOf(archive: Archive): Promise<{ zip: ZipFile; entries: Entry[] }> {
  const name = typeof archive === 'string' ? archive : shownUrl(archive.url)
  try {
    const local = typeof archive === 'string'
    const zip = local ? await openPromise(archive, { autoClose: false }) : await openRemoteZip(archive)
    const entries: Entry[] = []
    for await (const entry of zip.eachEntry()) if (!entry.fileName.endsWith('/')) entries.push(entry)
    return { zip, entries }
  } catch (cause) {
    if (cause instanceof TorchLoraError) throw cause
    throw new TorchLoraError(
      'INVALID_FILE',
      `${name} is not a whole wheel or zip file (${(cause as Error).message}); get it again.`,
      { file: name, cause },
    )
  }
}

/** What to unpack besides the libraries. */
export interface Parts {
  /** PyTorch's and those of NVIDIA's libraries that PyTorch's include, for who builds against them. */
  headers: boolean
}

/** The CUDA runtime's own headers belong to nvcc's toolkit, and do not compile without the rest of it. */
const includes = /^(torch|nvidia\/nccl)\/include\/|^nvidia\/[^/]+\/include\/(cublas|cusolver|cusparse)\w*\.h$/

/**
 * Where an entry goes, or undefined for what libtorch does not need: PyTorch's Python side and its tests.
 * A libtorch zip has `libtorch/` where a wheel has `torch/`.
 */
function placeOf(name: string, { headers }: Parts): string | undefined {
  const path = name.replace(/^libtorch\//, 'torch/')
  if (/^torch\/(version\.py|build-version)$/.test(path)) return path
  if (includes.test(path)) return headers ? path : undefined
  if (/^[^/]+\.dist-info\/(licenses\/.*|LICENSE|NOTICE)$/.test(path)) return path
  const library = /^(torch\/lib|torch\.libs|nvidia\/([^/]+\/)+lib)\/([^/]+)$/.exec(path)
  if (!library || !/\.so(\.\d+)*$/.test(library[3]!)) return undefined
  return /^libtorch_python\.so$|_test\.so$/.test(library[3]!) ? undefined : path
}

/** The sha256 that a wheel's RECORD gives for each file; empty for a zip without one. */
async function recordOf(zip: ZipFile, entries: Entry[]): Promise<Map<string, string>> {
  const record = entries.find((entry) => /^[^/]+\.dist-info\/RECORD$/.test(entry.fileName))
  const hashes = new Map<string, string>()
  if (!record) return hashes
  for (const line of (await text(await zip.openReadStreamPromise(record))).split(/\r?\n/)) {
    const match = /^"?(.+?)"?,sha256=([\w-]+),\d*$/.exec(line)
    if (match) hashes.set(match[1]!, match[2]!)
  }
  return hashes
}

/** Reads one small text file of a wheel or zip; undefined when no name matches. */
export async function readFromArchive(archive: Archive, name: RegExp): Promise<string | undefined> {
  const { zip, entries } = await entriesOf(archive)
  try {
    const entry = entries.find(({ fileName }) => name.test(fileName))
    return entry && (await text(await zip.openReadStreamPromise(entry)))
  } finally {
    zip.close()
  }
}

/** Bytes that {@link unpack} will write, and those that it leaves out. */
export async function unpackedSize(
  archive: Archive,
  parts: Parts,
): Promise<{ bytes: number; leftOut: number }> {
  const { zip, entries } = await entriesOf(archive)
  zip.close()
  let [bytes, leftOut] = [0, 0]
  for (const { fileName, uncompressedSize } of entries) {
    if (placeOf(fileName, parts)) bytes += uncompressedSize
    else leftOut += uncompressedSize
  }
  return { bytes, leftOut }
}

/**
 * Unpacks what libtorch needs of a PyTorch or nvidia-* wheel, or of a libtorch zip: shared libraries, the version, the
 * licences and, where they are asked for, the headers. Each file is checked against the wheel's RECORD (sha256), or the zip's CRC-32 where
 * there is no RECORD.
 * @returns the bytes written
 * @throws TorchLoraError INVALID_FILE naming the first file that is not what the archive says it is
 */
export async function unpack(
  archive: string,
  into: string,
  options: { parts: Parts; onBytes?: OnBytes; signal?: AbortSignal },
): Promise<number> {
  const { zip, entries } = await entriesOf(archive)
  try {
    const record = await recordOf(zip, entries)
    const wanted = entries.flatMap((entry) => {
      const place = placeOf(entry.fileName, options.parts)
      return place ? [{ entry, place }] : []
    })
    const total = wanted.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0)
    let done = 0
    for (const { entry, place } of wanted) {
      const target = join(into, place)
      await mkdir(dirname(target), { recursive: true })
      const expected = record.get(entry.fileName)
      const sha256 = createHash('sha256')
      let crc = 0
      const check = new Transform({
        transform(chunk: Buffer, _encoding, callback) {
          if (expected) sha256.update(chunk)
          else crc = crc32(chunk, crc)
          done += chunk.length
          options.onBytes?.(done, total)
          callback(null, chunk)
        },
      })
      const mode = /\.so(\.\d+)*$/.test(place) ? 0o755 : 0o644
      await pipeline(await zip.openReadStreamPromise(entry), check, createWriteStream(target, { mode }), {
        signal: options.signal,
      })
      if (expected && sha256.digest('base64url') !== expected) {
        throw damaged(archive, entry.fileName, 'its sha256 is not the one in RECORD')
      }
      if (!expected && crc !== entry.crc32) throw damaged(archive, entry.fileName, 'its CRC-32 is wrong')
    }
    return done
  } catch (cause) {
    if (cause instanceof TorchLoraError || options.signal?.aborted) throw cause
    if ((cause as NodeJS.ErrnoException).syscall) throw cause // the disk, not the archive
    throw damaged(archive, undefined, (cause as Error).message)
  } finally {
    zip.close()
  }
}

function damaged(archive: string, entry: string | undefined, reason: string): TorchLoraError {
  const what = entry ? `${entry} in ${basename(archive)}` : basename(archive)
  return new TorchLoraError('INVALID_FILE', `${what} is damaged: ${reason}. Get the file again.`, {
    file: archive,
  })
}
