import { existsSync } from 'node:fs'
import { cp, rm, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { TorchLoraError } from '../errors.ts'
import { inspectLibtorch, versionIn } from './inspect.ts'
import type { Report } from './sources.ts'
import { type OnBytes, type Parts, readFromArchive, unpack, unpackedSize } from './unpack.ts'
import { isSupported, supportedRange } from './versions.ts'

/**
 * The version that the archives hold, read without unpacking them.
 * @throws TorchLoraError INVALID_FILE (no PyTorch in them), LIBTORCH_VERSION (outside the range)
 */
export async function archiveVersion(archives: string[]): Promise<string> {
  for (const archive of archives) {
    const text = await readFromArchive(archive, /^(torch\/version\.py|libtorch\/build-version)$/)
    const version = text && versionIn(text)
    if (!version) continue
    if (isSupported(version)) return version
    throw new TorchLoraError(
      'LIBTORCH_VERSION',
      `${archive} holds libtorch ${version}, and this package needs ${supportedRange}.`,
      { file: archive },
    )
  }
  throw new TorchLoraError(
    'INVALID_FILE',
    `${archives.join(', ')}: expected a PyTorch wheel (torch/version.py in it) or a libtorch zip (libtorch/build-version in it).`,
    { file: archives[0] },
  )
}

/**
 * Unpacks wheels or a zip into the staging folder, one after the other.
 * @returns the bytes that were left in the archives
 */
export async function unpackAll(
  archives: string[],
  staging: string,
  options: { parts: Parts; report: Report; signal?: AbortSignal },
): Promise<number> {
  let [need, left] = [0, 0]
  for (const archive of archives) {
    const { bytes, leftOut } = await unpackedSize(archive, options.parts)
    need += bytes
    left += leftOut
  }
  const { bavail, bsize } = await statfs(staging)
  if (bavail * bsize < need) {
    const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
    throw new TorchLoraError(
      'INVALID_FILE',
      `${dirname(staging)} has ${gigabytes(bavail * bsize)} free, and unpacking libtorch takes ${gigabytes(need)}. Free some, or set XDG_CACHE_HOME to a larger disk.`,
      { file: staging },
    )
  }
  const others = archives.length > 1 ? ` and ${archives.length - 1} more` : ''
  const onBytes = options.report('unpack', basename(archives[0]!) + others)
  let before = 0
  for (const archive of archives) {
    const onArchive: OnBytes = (done) => onBytes(before + done, need)
    const { parts, signal } = options
    before += await unpack(archive, staging, { parts, onBytes: onArchive, signal })
  }
  return left
}

/** Copies what libtorch is out of a folder that has it: the libraries, the version and, where asked for, the headers. */
export async function copyLibtorch(
  path: string,
  staging: string,
  options: { parts: Parts; report: Report; signal?: AbortSignal },
): Promise<void> {
  options.report('copy', path)
  const source = inspectLibtorch(path)
  const names = ['lib', 'version.py', 'build-version', ...(options.parts.headers ? ['include'] : [])]
  const parts: [from: string, to: string][] = names.map((part) => [
    join(source.path, part),
    join(staging, 'torch', part),
  ])
  // Beside `torch`, where libtorch's own search path leads.
  if (source.cuda) parts.push([join(dirname(source.path), 'nvidia'), join(staging, 'nvidia')])
  for (const [from, to] of parts.filter(([from]) => existsSync(from))) {
    await cp(from, to, {
      recursive: true,
      dereference: true,
      filter: (file) => {
        options.signal?.throwIfAborted()
        if (file.startsWith(join(dirname(source.path), 'nvidia')))
          return !/\.(py|h|a)$|__pycache__/.test(file)
        return !/(libtorch_python\.so|\.a)$/.test(file)
      },
    })
  }
  if (existsSync(join(staging, 'torch', 'version.py')) || existsSync(join(staging, 'torch', 'build-version')))
    return
  await rm(join(staging, 'torch'), { recursive: true }) // its version was in a neighbouring folder's name
  throw new TorchLoraError(
    'INVALID_FILE',
    `${source.path} has neither version.py nor build-version, so a copy of it could not be told apart from others.`,
    { file: source.path },
  )
}
