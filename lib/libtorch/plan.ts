import { existsSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TorchLoraError } from '../errors.ts'
import { libtorchCache } from './cache.ts'
import { sha256InUrl } from './download.ts'
import type { Libtorch } from './inspect.ts'
import { type InstallOptions, present, wanted } from './install.ts'
import { resolveThroughPip } from './pip-torch.ts'
import { unpackedSize } from './unpack.ts'

/** A wheel or zip that an installation would get and unpack. Sizes in bytes; undefined where nobody tells. */
export interface PlannedFile {
  name: string
  /** A URL (without credentials) or a path. */
  source: string
  bytes?: number
  /** What it takes in the cache; known of files that are on this machine. */
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
 * What {@link installLibtorch} would do: asks pip or the server, writes nothing, downloads no wheel.
 * @throws TorchLoraError INVALID_ARGUMENT, LIBTORCH_VERSION, INVALID_FILE (no such file), NETWORK (pip cannot tell)
 */
export async function planInstall(options: InstallOptions = {}): Promise<InstallPlan> {
  const into = options.cache ?? libtorchCache(options.environment)
  if (options.from) {
    const files = await filesOf(options.from)
    const sha256 = options.sha256 ?? sha256InUrl(options.from)
    if (sha256 && files.length === 1) files[0]!.sha256 = sha256
    return { from: options.from, into, files }
  }
  const target = wanted(options)
  const there = present(into, target.version, target.cuda)
  if (there && !options.force) return { from: 'cache', into, files: [], present: there }
  const { environment, signal } = options
  const { found, from } = await resolveThroughPip({ ...target, environment, signal })
  const files = await Promise.all(
    found.map(async ({ url, sha256 }) => ({ ...(await fileAt(url)), ...(sha256 && { sha256 }) })),
  )
  return { from, into, files, ...(there && { present: there }) }
}

/** The archives behind `--from`; none for a folder with a libtorch, which is copied. */
async function filesOf(from: string): Promise<PlannedFile[]> {
  if (/^https?:\/\//.test(from)) return [await fileAt(from)]
  const path = resolve(from.replace(/^file:\/\//, ''))
  if (!existsSync(path)) {
    throw new TorchLoraError('INVALID_FILE', `--from: there is no file or folder ${path}.`, { file: path })
  }
  if (!statSync(path).isDirectory()) return [await localFile(path)]
  const wheels = (await readdir(path)).filter((name) => name.endsWith('.whl'))
  return await Promise.all(wheels.map((name) => localFile(join(path, name))))
}

async function localFile(path: string): Promise<PlannedFile> {
  const unpackedBytes = await unpackedSize(path)
  return { name: basename(path), source: path, bytes: statSync(path).size, unpackedBytes }
}

async function fileAt(address: string): Promise<PlannedFile> {
  const url = new URL(address)
  if (url.protocol === 'file:') return await localFile(fileURLToPath(url))
  // A server that refuses HEAD still gives the file; then its size stays unknown.
  const length = await fetch(url, { method: 'HEAD', headers: { 'accept-encoding': 'identity' } }).then(
    (response) => (response.ok ? response.headers.get('content-length') : null),
    () => null,
  )
  url.username = ''
  url.password = ''
  url.hash = ''
  const name = decodeURIComponent(basename(url.pathname))
  return { name, source: url.href, ...(length !== null && { bytes: Number(length) }) }
}
