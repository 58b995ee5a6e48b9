import { randomBytes } from 'node:crypto'
import { readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { atPath, makeFolder } from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'

/** How often the holder shows that it lives, and how long it may not have before others take it for dead. */
const BEAT_MS = 10_000
const DEAD_MS = 60_000

const ownerSchema = z.object({ pid: z.int(), started: z.string(), space: z.string(), host: z.string() })
type Owner = z.infer<typeof ownerSchema>

/**
 * Holds a run's folder for this process alone, by a file `run.lock` in it. A holder that was killed on this machine is
 * known to be dead at once; one elsewhere, that shares the folder over a network or from another container, once its
 * file has not been touched for a minute.
 *
 * @returns what gives the folder back when it is disposed of
 * @throws TorchLoraError INCOMPATIBLE when another process holds it; INVALID_FILE when it cannot be written
 */
export async function lockRun(directory: string): Promise<AsyncDisposable> {
  await makeFolder(directory)
  const path = join(directory, 'run.lock')
  const own = JSON.stringify(await self())
  while (!(await create(path, own))) {
    const holder = await holderOf(path)
    if (await isAlive(path, holder)) {
      const who = holder ? `process ${holder.pid} on ${holder.host}` : 'another process'
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `${directory} is in use by ${who}, which trains into it: wait for it to end, or choose another folder.`,
        { file: path },
      )
    }
    await removeDead(path)
  }
  const beat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => {}) // a folder that was removed needs no holder
  }, BEAT_MS)
  beat.unref()
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(beat)
      if ((await readFile(path, 'utf8').catch(() => '')) === own)
        await rm(path, { force: true }).catch(() => {})
    },
  }
}

/** @returns whether it was not there */
function create(path: string, text: string): Promise<boolean> {
  return atPath(path, async () => {
    try {
      await writeFile(path, text, { flag: 'wx' })
      return true
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw cause
    }
  })
}

/** Of this process: its number may be another's after a restart, its start may not. */
async function self(): Promise<Owner & { nonce: string }> {
  return {
    pid: process.pid,
    started: (await startOf(process.pid)) ?? '',
    space: await space(),
    host: hostname(),
    nonce: randomBytes(6).toString('hex'), // two locks of one process are two
  }
}

/** Where process numbers mean the same: one boot of one machine, one container. */
async function space(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '')
  return boot && namespace ? `${boot.trim()} ${namespace}` : ''
}

/** When a process started, in ticks since the boot; null for one that is not there. */
async function startOf(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  // Field 22; the second, the program's name, may hold anything, and ends with the last parenthesis.
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

/** Null for a file that is gone, half written, or something else's: its age decides. */
async function holderOf(path: string): Promise<Owner | null> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return null
  }
}

async function isAlive(path: string, holder: Owner | null): Promise<boolean> {
  const here = await space()
  if (holder && here !== '' && holder.space === here) return (await startOf(holder.pid)) === holder.started
  const found = await stat(path).catch(() => null)
  return found !== null && Date.now() - found.mtimeMs < DEAD_MS
}

/**
 * Removes a dead holder's file. One process at a time may, and looks again first: what it saw before may have been
 * removed meanwhile, and the file be another's that lives.
 */
async function removeDead(path: string): Promise<void> {
  const claim = `${path}.claim`
  if (!(await create(claim, ''))) {
    if (!(await isAlive(claim, null))) await rm(claim, { force: true }) // its maker was killed in this very moment
    await sleep(20)
    return
  }
  try {
    if (!(await isAlive(path, await holderOf(path)))) await atPath(path, () => rm(path, { force: true }))
  } finally {
    await rm(claim, { force: true })
  }
}
