import { createHash, type Hash, randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { downloadFile, type ListFileEntry } from '@huggingface/hub'
import { TorchLoraError } from '../errors.ts'
import { isTransient } from './transport.ts'

const ATTEMPTS = 4
const FIRST_PAUSE_MS = 250

/** What the hub's library needs with every call. */
export interface HubConnection {
  repo: { type: 'model'; name: string }
  revision: string
  hubUrl: string
  fetch: typeof fetch
  accessToken?: string | undefined
}

/** The name under which a file's content is cached: SHA-256 for large files, git's SHA-1 for the others. */
export function contentHash(file: ListFileEntry): string {
  const hash = file.lfs?.oid ?? file.oid
  if (hash !== undefined && /^[0-9a-f]{40,64}$/.test(hash)) return hash
  throw new TorchLoraError('NETWORK', `the hub names no hash for ${file.path}`)
}

/**
 * Downloads a file to `path`, checked against its hash before it appears there. A connection that breaks is taken up
 * again where it broke.
 *
 * @param onBytes called with the length of every piece that has arrived
 * @throws TorchLoraError NETWORK when the content is not what the hub announced; whatever the last attempt threw
 */
export async function downloadBlob(
  connection: HubConnection,
  file: ListFileEntry,
  options: { path: string; onBytes: (count: number) => void; signal?: AbortSignal | undefined },
): Promise<void> {
  const { path, onBytes, signal } = options
  await mkdir(dirname(path), { recursive: true })
  const incomplete = `${path}.${randomBytes(4).toString('hex')}.incomplete`
  const handle = await open(incomplete, 'wx')
  const state = { handle, hash: startHash(file), received: 0, onBytes }
  try {
    await receiveAll(connection, file, state, signal)
    await handle.sync()
    const actual = state.hash.digest('hex')
    const expected = contentHash(file)
    if (actual !== expected) {
      const problem = `came damaged: ${state.received} bytes with hash ${actual}, expected ${file.size} with ${expected}`
      throw new TorchLoraError('NETWORK', `${connection.repo.name}: ${file.path} ${problem}. Try again`)
    }
    await rename(incomplete, path)
  } finally {
    await handle.close()
    await rm(incomplete, { force: true })
  }
}

interface Receiving {
  handle: FileHandle
  hash: Hash
  received: number
  onBytes: (count: number) => void
}

async function receiveAll(
  connection: HubConnection,
  file: ListFileEntry,
  state: Receiving,
  signal: AbortSignal | undefined,
): Promise<void> {
  let failures = 0
  while (state.received < file.size) {
    const before = state.received
    try {
      await receive(connection, file, state)
      if (state.received < file.size) throw new Error(`ended after ${state.received} of ${file.size} bytes`)
    } catch (error) {
      signal?.throwIfAborted()
      failures = state.received > before ? 1 : failures + 1
      if (!isTransient(error) || failures >= ATTEMPTS) throw error
      await sleep(FIRST_PAUSE_MS * 2 ** (failures - 1), undefined, { signal })
    }
  }
}

/** One request, from where the last one broke. */
async function receive(connection: HubConnection, file: ListFileEntry, state: Receiving): Promise<void> {
  const blob = await downloadFile({ ...connection, path: file.path })
  if (blob === null)
    throw new TorchLoraError('NETWORK', `${connection.repo.name}: ${file.path} is listed but not there`)
  const rest = state.received === 0 ? blob : blob.slice(state.received)
  for await (const piece of rest.stream()) {
    await state.handle.write(piece)
    state.hash.update(piece)
    state.received += piece.byteLength
    state.onBytes(piece.byteLength)
    if (state.received > file.size) return // the hash will say it
  }
}

function startHash(file: ListFileEntry): Hash {
  return file.lfs ? createHash('sha256') : createHash('sha1').update(`blob ${file.size}\0`)
}
