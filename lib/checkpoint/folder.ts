import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { TorchLoraError } from '../errors.ts'

/**
 * Runs what reads or writes at `path`.
 * @throws TorchLoraError INVALID_FILE naming the path where the file system refuses; whatever else `body` throws
 */
export async function atPath<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (cause instanceof TorchLoraError || typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) throw cause
    throw new TorchLoraError('INVALID_FILE', `${path}: ${reason(code)}`, { file: path, cause })
  }
}

function reason(code: string): string {
  if (code === 'ENOENT') return 'no such file or folder'
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return `no permission for it (${code})`
  if (code === 'ENOTDIR' || code === 'EEXIST') return `a file is where a folder should be (${code})`
  if (code === 'EISDIR') return 'a folder is where a file should be'
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'the disk is full'
  if (code === 'ENAMETOOLONG') return 'the name is too long'
  return `cannot be read or written (${code})`
}

/** Makes a folder and those above it, where they are not there. @throws TorchLoraError INVALID_FILE */
export async function makeFolder(path: string): Promise<void> {
  await atPath(path, () => mkdir(path, { recursive: true }))
}

/** The names in a folder; none for one that is not there. @throws TorchLoraError INVALID_FILE */
export function listFolder(path: string): Promise<string[]> {
  return atPath(path, async () => {
    try {
      return await readdir(path)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw cause
    }
  })
}

/** @throws TorchLoraError INVALID_FILE */
export async function copyInto(from: string, to: string): Promise<void> {
  await atPath(to, () => copyFile(from, to))
}
