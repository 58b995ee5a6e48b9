import { existsSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TorchLoraError } from '../errors.ts'
import { libtorchCache } from './cache.ts'
import { fileNameOf, sha256InUrl } from './download.ts'
import { planFromIndex } from './index/get.ts'
import type { Libtorch } from './inspect.ts'
import { type InstallOptions, present, wanted } from './install.ts'
import { shownUrl, transport } from './transport.ts'
import { unpackedSize } from './unpack.ts'

/** A wheel or zip that an installation would get and unpack. Sizes in bytes; undefined where nobody tells. */
export interface PlannedFile {
  name: string
  /** A URL (without credentials) or a path. */
  source: string
  bytes?: number
  /** What it takes in the cache, at most: what nothing loads goes after it is unpacked. */
  unpackedBytes?: number
  /** As the package index or `--sha256` gives it, in hex. */
  sha256?: string
}

/** What an installation would do, for `--dry-run`. */
export interface InstallPlan {
  from: string
  into: string
  /** Empty where a folder would be copied, or nothing done. */
  files: PlannedFile[]
  /** The install of that version that is there already. */
  present?: Libtorch
}

/**
 * What {@link installLibtorch} would do: asks the index or the server, writes nothing, downloads no wheel.
 * @throws TorchLoraError INVALID_ARGUMENT, LIBTORCH_VERSION, INVALID_FILE (no such file), NETWORK
 */
export async function planInstall(options: InstallOptions = {}): Promise<InstallPlan> {
  const into = options.cache ?? libtorchCache(options.environment)
  if (options.from) {
    const files = await filesOf(options.from, options)
    const sha256 = options.sha256 ?? sha256InUrl(options.from)
    if (sha256 && files.length === 1) files[0]!.sha256 = sha256
    return { from: options.from, into, files }
  }
  const target = wanted(options)
  const there = present(into, target, options.headers)
  if (there && !options.force) return { from: 'cache', into, files: [], present: there }
  const { environment, machine, signal } = options
  const parts = { headers: options.headers ?? false }
  const planned = await planFromIndex({ ...target, environment, machine, signal })
  const files = await Promise.all(
    planned.map(async ({ wheel, sha256, archive }) => {
      // A server that gives no parts of files does not tell what lies in them.
      const sizes = await unpackedSize(archive, parts).catch((error: TorchLoraError) => {
        if (error.code !== 'NETWORK') throw error
      })
      return {
        name: wheel.name,
        source: wheel.url.startsWith('file:') ? fileURLToPath(wheel.url) : shownUrl(wheel.url),
        ...(wheel.bytes !== undefined && { bytes: wheel.bytes }),
        ...(sizes && { unpackedBytes: sizes.bytes }),
        ...(sha256 && { sha256 }),
      }
    }),
  )
  return { from: files[0]!.source, into, files, ...(there && { present: there }) }
}

/** The archives behind `--from`; none for a folder with a libtorch, which is copied. */
async function filesOf(from: string, options: InstallOptions): Promise<PlannedFile[]> {
  if (/^https?:\/\//.test(from)) return [await fileAt(from, options)]
  const path = resolve(from.replace(/^file:\/\//, ''))
  if (!existsSync(path)) {
    throw new TorchLoraError('INVALID_FILE', `--from: there is no file or folder ${path}.`, { file: path })
  }
  const local = async (file: string): Promise<PlannedFile> => {
    const { bytes } = await unpackedSize(file, { headers: options.headers ?? false })
    return { name: basename(file), source: file, bytes: statSync(file).size, unpackedBytes: bytes }
  }
  if (!statSync(path).isDirectory()) return [await local(path)]
  const wheels = (await readdir(path)).filter((name) => name.endsWith('.whl'))
  return await Promise.all(wheels.map((name) => local(join(path, name))))
}

async function fileAt(address: string, { environment, signal }: InstallOptions): Promise<PlannedFile> {
  // A server that refuses HEAD still gives the file; then its size stays unknown.
  const length = await transport({ environment })
    .request(address, { method: 'HEAD', signal })
    .then(
      ({ headers }) => headers.get('content-length'),
      () => null,
    )
  const url = new URL(shownUrl(address))
  url.hash = ''
  return { name: fileNameOf(address), source: url.href, ...(length !== null && { bytes: Number(length) }) }
}
