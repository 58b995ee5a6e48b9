import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openPromise } from 'yauzl'
import { cacheFolder } from '../cache-folder.ts'
import { TorchLoraError } from '../errors.ts'
import { hubFetch } from '../hub/transport.ts'
import type { GlueDownload, GlueTask } from './glue-tasks.ts'

/** How far a download is. */
export interface GlueProgress {
  url: string
  received: number
  total: number
}

export interface DownloadGlueOptions {
  /** With false, only looks into the cache. */
  download?: boolean | undefined
  onProgress?: ((progress: GlueProgress) => void) | undefined
  signal?: AbortSignal | undefined
  /** Takes the place of the addresses' beginning, for a mirror. Default: environment TORCH_LORA_GLUE_MIRROR, if set. */
  mirror?: string | undefined
  /** Default: `$XDG_CACHE_HOME/torch-lora`, where libtorch is kept too. */
  cacheDir?: string | undefined
}

/**
 * The folder of a task in the cache, downloaded and checked (SHA-256) if it is not there yet. It appears whole or
 * not at all.
 *
 * @throws TorchLoraError NETWORK when the server cannot be reached, refuses, or sends something else than expected;
 * INVALID_FILE when the task is not in the cache and `download` is false, or the cache cannot be written; ABORTED by
 * `signal`
 */
export async function downloadGlue(task: GlueTask, options: DownloadGlueOptions = {}): Promise<string> {
  const root = join(options.cacheDir ?? cacheFolder(), 'glue')
  const folder = join(root, task.folder)
  if (existsSync(folder)) return folder
  if (options.download === false)
    throw new TorchLoraError(
      'INVALID_FILE',
      `${task.name} is not in the cache (${folder}); allow the download, or give a dataDir that holds ${task.folder}`,
      { file: folder },
    )
  const staging = join(root, `.${task.folder}.${randomUUID()}.partial`)
  try {
    await mkdir(staging, { recursive: true })
    for (const download of task.downloads) {
      const file = join(staging, basename(download.url))
      await fetchFile(download, file, options)
      if (file.endsWith('.zip')) {
        await extractTables(file, staging)
        await rm(file)
      }
    }
    await rename(staging, folder).catch((error) => {
      if (!existsSync(folder)) throw error // else another process was quicker, with the same files
    })
  } catch (cause) {
    if (cause instanceof TorchLoraError) throw cause
    throw new TorchLoraError(
      'INVALID_FILE',
      `cannot put ${task.name} into the cache ${root} (${(cause as Error).message}); XDG_CACHE_HOME names another place`,
      { file: root, cause },
    )
  } finally {
    await rm(staging, { recursive: true, force: true }).catch(() => {})
  }
  return folder
}

async function fetchFile(download: GlueDownload, path: string, options: DownloadGlueOptions): Promise<void> {
  const mirror = options.mirror ?? process.env.TORCH_LORA_GLUE_MIRROR
  const url = mirror ? `${mirror.replace(/\/$/, '')}/${basename(download.url)}` : download.url
  const remedy = `download it by hand and give its folder as dataDir, or set TORCH_LORA_GLUE_MIRROR to an address that has ${basename(url)}`
  const hash = createHash('sha256')
  let received = 0
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      received += chunk.length
      options.onProgress?.({ url, received, total: download.bytes })
      done(null, chunk)
    },
  })
  try {
    const response = await hubFetch(options.signal)(url)
    if (!response.ok || response.body === null)
      throw new TorchLoraError(
        'NETWORK',
        `${url}: the server answered ${response.status} ${response.statusText}; ${remedy}`,
      )
    await pipeline(
      Readable.fromWeb(response.body as import('node:stream/web').ReadableStream),
      count,
      createWriteStream(path),
      { signal: options.signal },
    )
  } catch (cause) {
    if (cause instanceof TorchLoraError) throw cause
    if (options.signal?.aborted)
      throw new TorchLoraError('ABORTED', `the download of ${url} was stopped`, { cause })
    const reason = (cause as { cause?: Error | undefined }).cause?.message ?? (cause as Error).message
    throw new TorchLoraError('NETWORK', `${url}: cannot be fetched (${reason}); ${remedy}`, { cause })
  }
  const digest = hash.digest('hex')
  if (digest !== download.sha256)
    throw new TorchLoraError(
      'NETWORK',
      `${url}: received ${received} bytes with SHA-256 ${digest}, expected ${download.bytes} bytes with ${download.sha256}; try again, or ${remedy}`,
    )
}

/** Writes the .tsv files one level below the archive's top folder, by their own name: an entry cannot name another place. */
async function extractTables(archive: string, folder: string): Promise<void> {
  const zip = await openPromise(archive, { lazyEntries: true })
  try {
    for await (const entry of zip.eachEntry()) {
      const match = /^[^/]+\/([A-Za-z0-9_-]+\.tsv)$/.exec(entry.fileName)
      if (match)
        await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(join(folder, match[1]!)))
    }
  } finally {
    zip.close()
  }
}
