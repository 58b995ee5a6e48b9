import { constants, type FileHandle, open } from 'node:fs/promises'
import { invalidFile } from './entry.ts'

/** A file opened for reading, with the size it had then. */
export interface OpenFile {
  path: string
  size: number
  /** Exactly `length` bytes, or INVALID_FILE when the file ends before. */
  read(position: number, length: number): Promise<Buffer>
}

/**
 * Opens `path`, hands it to `use` and closes it whatever happens.
 * @throws TorchLoraError INVALID_FILE when it cannot be read, is a folder, or is a Git LFS pointer
 */
export async function withFile<T>(path: string, use: (file: OpenFile) => Promise<T>): Promise<T> {
  let handle: FileHandle
  try {
    // Without waiting: the open of a pipe that nobody writes to would never end.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw invalidFile(path, describeOpenFailure(cause), cause)
  }
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw invalidFile(path, 'expected a file, found a folder or a device')
    const file: OpenFile = {
      path,
      size: stat.size,
      read: (position, length) => readExactly(handle, path, position, length),
    }
    await refuseLfsPointer(file)
    return await use(file)
  } finally {
    await handle.close()
  }
}

/**
 * All of a file of text or of small parts.
 * @throws TorchLoraError INVALID_FILE when it cannot be read or has more than `maxBytes`
 */
export function readWhole(path: string, { maxBytes }: { maxBytes: number }): Promise<Buffer> {
  return withFile(path, async (file) => {
    if (file.size <= maxBytes) return file.read(0, file.size)
    throw invalidFile(path, `has ${file.size} bytes, at most ${maxBytes} are read of such a file`)
  })
}

async function readExactly(handle: FileHandle, path: string, position: number, length: number) {
  const buffer = Buffer.alloc(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, position + done)
    if (bytesRead === 0) {
      throw invalidFile(
        path,
        `ends at byte ${position + done}, expected ${length} bytes from byte ${position}`,
      )
    }
    done += bytesRead
  }
  return buffer
}

/** A clone without `git lfs pull` has 130 bytes of text in place of the weights: a frequent surprise. */
async function refuseLfsPointer(file: OpenFile): Promise<void> {
  const head = Buffer.from('version https://git-lfs')
  if (file.size > 1024 || file.size < head.length) return
  if ((await file.read(0, head.length)).equals(head)) {
    throw invalidFile(
      file.path,
      'is a Git LFS pointer, not the weights: run `git lfs pull` in its repository',
    )
  }
}

function describeOpenFailure(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'no such file'
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read it'
  return `cannot be opened (${code ?? String(cause)})`
}
