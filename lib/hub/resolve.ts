import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TorchLoraError } from '../errors.ts'
import { boolean, callback, type Rules, signal, string } from '../options.ts'
import { isHubName } from './names.ts'
import type { FileRequest } from './request.ts'

/** How far a download is. Files that the cache has already do not count. */
export interface HubProgress {
  file: string
  /** Bytes of `file` so far, and in all. */
  fileBytes: number
  fileTotal: number
  /** Bytes of all files so far, and in all. */
  bytes: number
  total: number
}

/** How to reach the hub; `endpoint`, `cacheDir`, `offline` and `token` default to Hugging Face's environment variables. */
export interface HubOptions {
  /** The hub's address. Default: HF_ENDPOINT, else the public hub. */
  endpoint?: string | undefined
  /** Where downloads are kept. Default: HF_HUB_CACHE, else below HF_HOME. */
  cacheDir?: string | undefined
  /** Ask nobody, and take what the cache has. Default: HF_HUB_OFFLINE. */
  offline?: boolean | undefined
  /** Default: HF_TOKEN, else what `hf auth login` has written. */
  token?: string | undefined
  /** A branch, a tag or a commit; `main` if not given. */
  revision?: string | undefined
  onProgress?: ((progress: HubProgress) => void) | undefined
  signal?: AbortSignal | undefined
}

/** What {@link HubOptions} may be. */
export const hubRules: Rules<HubOptions> = {
  endpoint: string,
  cacheDir: string,
  offline: boolean,
  token: string,
  revision: string,
  onProgress: callback,
  signal,
}

/** Options of {@link resolveModel}. */
export interface ResolveModelOptions extends HubOptions {
  /** What is needed; {@link MODEL_REQUEST} and {@link TOKENIZER_REQUEST} if not given. */
  files?: readonly FileRequest[] | undefined
}

/**
 * The folder with a model's files: `dirOrId` itself when it is a folder, or of a run's folder the `model/` in it;
 * otherwise a snapshot in Hugging Face's cache, downloaded as far as it is not there yet. When the hub cannot be reached, an earlier download serves.
 *
 * @throws TorchLoraError INVALID_FILE (neither a folder nor a hub id; a file the repository lacks), NETWORK (with how
 *   to bring the files by hand), INVALID_ARGUMENT (a bad token), ABORTED
 */
export async function resolveModel(dirOrId: string, options: ResolveModelOptions = {}): Promise<string> {
  if (await isFolder(dirOrId)) return modelFolder(dirOrId)
  checkId(dirOrId)
  checkRevision(options.revision ?? 'main')
  // The hub's library takes longer to load than a model does, so only who downloads pays for it.
  const { resolveFromHub } = await import('./hub-model.ts')
  return resolveFromHub(dirOrId, options)
}

function checkId(id: string): void {
  if (isHubName(id)) return
  throw new TorchLoraError(
    'INVALID_FILE',
    `${id}: no such folder, and not a name that the Hugging Face hub allows`,
    {
      file: id,
    },
  )
}

/** A revision becomes a path under `refs/`. */
function checkRevision(revision: string): void {
  if (/^[\w.-]+(\/[\w.-]+)*$/.test(revision) && !revision.includes('..')) return
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `revision ${JSON.stringify(revision)}: expected a branch, tag or commit`,
  )
}

function modelFolder(directory: string): string {
  const below = join(directory, 'model')
  const isRun = !existsSync(join(directory, 'config.json')) && existsSync(join(below, 'config.json'))
  return isRun ? below : directory
}

async function isFolder(path: string): Promise<boolean> {
  const invalid = (problem: string, cause?: unknown) =>
    new TorchLoraError('INVALID_FILE', `${path}: ${problem}`, { file: path, cause })
  try {
    if ((await stat(path)).isDirectory()) return true
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EPERM') throw invalid(`no permission to look into it (${code})`, cause)
    return false
  }
  throw invalid('expected a model folder or a hub id, found a file')
}
