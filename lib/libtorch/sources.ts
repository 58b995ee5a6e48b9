import { existsSync, statSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { TorchLoraError } from '../errors.ts'
import { downloadFile, fileNameOf, sha256InUrl, verifySha256 } from './download.ts'
import type { InstallOptions, InstallProgress } from './install.ts'
import { transport } from './transport.ts'
import type { OnBytes } from './unpack.ts'

/** What an installation is made from: wheels or a zip to unpack, or a folder to copy. */
export type Source = { archives: string[] } | { folder: string }

/** Tells of a step, and gives the function that tells of its bytes. */
export type Report = (step: InstallProgress['step'], what: string) => OnBytes

/** Where the pieces of one installation go. */
export interface Places {
  cache: string
  downloads: string
}

/**
 * Brings what `--from` names to this machine and checks its checksum.
 * @throws TorchLoraError NETWORK, INVALID_FILE, INVALID_ARGUMENT, ABORTED
 */
export async function sourceFrom(options: InstallOptions, places: Places, report: Report): Promise<Source> {
  const from = options.from!
  if (/^https?:\/\//.test(from)) return { archives: [await fromUrl(from, options, places, report)] }
  const path = resolve(from.replace(/^file:\/\//, ''))
  if (!existsSync(path)) {
    throw new TorchLoraError('INVALID_FILE', `--from: there is no file or folder ${path}.`, { file: path })
  }
  if (statSync(path).isDirectory()) {
    if (options.sha256) {
      throw new TorchLoraError('INVALID_ARGUMENT', '--sha256 goes with a file or a URL, not with a folder.')
    }
    const wheels = (await readdir(path)).filter((name) => name.endsWith('.whl'))
    return wheels.length > 0 ? { archives: wheels.map((name) => join(path, name)) } : { folder: path }
  }
  if (options.sha256) {
    report('verify', basename(path))
    await verifySha256(path, options.sha256)
  }
  return { archives: [path] }
}

/** Downloads outside the staging folder, so that the next run can go on where this one stops. */
async function fromUrl(
  url: string,
  options: InstallOptions,
  places: Places,
  report: Report,
): Promise<string> {
  const onBytes = report('download', fileNameOf(url))
  const kept = join(places.cache, '.downloads')
  const through = transport({ environment: options.environment })
  const file = await downloadFile(url, kept, { transport: through, onBytes, signal: options.signal })
  const expected = options.sha256 ?? sha256InUrl(url)
  if (expected) {
    report('verify', basename(file))
    await verifySha256(file, expected).catch(async (cause) => {
      await rm(file) // going on from wrong bytes would never end well
      throw cause
    })
  }
  await mkdir(places.downloads, { recursive: true })
  const archive = join(places.downloads, basename(file))
  await rename(file, archive)
  return archive
}
