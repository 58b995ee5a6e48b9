import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { TorchLoraError } from '../errors.ts'

/** A file written beside its destination, waiting to take its place. */
export interface PendingFile {
  /** Puts the file in place of the old one, in one step. */
  commit(): Promise<void>
  /** Removes it; the old one stays as it was. */
  discard(): Promise<void>
}

/**
 * Writes a file under a temporary name in the folder of `path` and syncs it to disk. Nobody sees it before `commit`,
 * so a crash or a full disk leaves the old file whole.
 *
 * @throws TorchLoraError INVALID_FILE when the disk refuses; whatever else `write` throws. The temporary file is gone
 */
export async function prepareFile(
  path: string,
  write: (handle: FileHandle) => Promise<void>,
): Promise<PendingFile> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await mkdir(dirname(path), { recursive: true })
    const handle = await open(temporary, 'wx')
    try {
      await write(handle)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (cause) {
    await remove(temporary)
    throw writeFailure(path, cause)
  }
  return {
    async commit() {
      try {
        await rename(temporary, path)
      } catch (cause) {
        await remove(temporary)
        throw writeFailure(path, cause)
      }
      await syncFolder(dirname(path))
    },
    discard: () => remove(temporary),
  }
}

/** {@link prepareFile} and `commit` at once. */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array | ((handle: FileHandle) => Promise<void>),
): Promise<void> {
  const write = typeof content === 'function' ? content : (handle: FileHandle) => handle.writeFile(content)
  await (await prepareFile(path, write)).commit()
}

function writeFailure(path: string, cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException).code
  if (cause instanceof TorchLoraError || typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) return cause
  const advice = code === 'ENOSPC' ? ': the disk is full' : ''
  return new TorchLoraError('INVALID_FILE', `${path}: cannot be written (${code})${advice}`, {
    file: path,
    cause,
  })
}

/** Makes the rename itself durable. Some file systems refuse to sync a folder; then there is nothing to do. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // as above
  }
}

/** Cleaning up must not hide the failure that led to it. */
function remove(path: string): Promise<void> {
  return rm(path, { force: true }).catch(() => undefined)
}
