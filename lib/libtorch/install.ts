import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { lock } from 'proper-lockfile'
import { TorchLoraError } from '../errors.ts'
import { libtorchCache, wholeInstalls } from './cache.ts'
import { torchFromIndex } from './index/get.ts'
import type { Machine } from './index/wheel-name.ts'
import { inspectLibtorch, type Libtorch } from './inspect.ts'
import { findPip } from './pip.ts'
import { torchThroughPip } from './pip-torch.ts'
import { pruneLibraries } from './prune.ts'
import { type Report, type Source, sourceFrom } from './sources.ts'
import { archiveVersion, copyLibtorch, unpackAll } from './stage.ts'
import { defaultLibtorch, isSupported, supportedRange } from './versions.ts'

/** What an installation is at. `bytes` and `total` are absent where the source does not tell. */
export interface InstallProgress {
  step: 'wait' | 'download' | 'verify' | 'unpack' | 'copy'
  /** The file, or what is waited for. */
  what: string
  bytes?: number
  total?: number
}

export interface InstallOptions {
  /** A release, `2.13.0`; default {@link defaultLibtorch}. */
  version?: string
  /** The CUDA build with the nvidia-* libraries it names; default: the CPU build. */
  cuda?: boolean
  /** The C++ headers too, for who builds the addon; default: the libraries alone. */
  headers?: boolean
  /** A URL or file (wheel or libtorch zip), or a folder (a libtorch, or one with wheels). Default: the package index. */
  from?: string
  /** What the file or URL must hash to, in hex. */
  sha256?: string
  /** Install even if the same version is there. */
  force?: boolean
  cache?: string
  /** What it is to run on; default: this machine. */
  machine?: Machine
  environment?: NodeJS.ProcessEnv
  signal?: AbortSignal
  onProgress?: (progress: InstallProgress) => void
}

export interface InstallResult extends Libtorch {
  /** False when the version was there already. */
  installed: boolean
  /** Where it came from. */
  from: string
  /** Bytes that were not unpacked (Python's side, headers), and libraries that nothing loads. */
  leftOut?: { bytes: number; libraries: { bytes: number; names: string[] } }
}

/** The install of this release in the cache, if there is one. */
export function present(cache: string, { version, cuda }: Target, headers = false): Libtorch | undefined {
  return wholeInstalls(cache).find(
    (there) => there.version.split('+')[0] === version && there.cuda === cuda && (there.headers || !headers),
  )
}

/** What an install is called: its version, and what it is where it is only the CPU's part of a CUDA build. */
function folderName({ version, cuda }: Pick<Libtorch, 'version' | 'cuda'>): string {
  return !cuda && /\+cu\d/.test(version) ? `${version}-cpu` : version
}

/**
 * The release and build that is asked for.
 * @throws TorchLoraError INVALID_ARGUMENT, LIBTORCH_VERSION
 */
export function wanted(options: InstallOptions): Target {
  const version = options.version ?? defaultLibtorch
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `--version: expected a release such as ${defaultLibtorch}, got '${version}'.`,
    )
  }
  if (!isSupported(version)) {
    throw new TorchLoraError(
      'LIBTORCH_VERSION',
      `libtorch ${version} was asked for, and this package needs ${supportedRange}. Leave --version out for ${defaultLibtorch}.`,
    )
  }
  return { version, cuda: options.cuda ?? false }
}

/**
 * Puts a libtorch into the cache that all projects of this user share, under its version. It appears there whole or
 * not at all: everything is unpacked beside it and renamed. Two installations at once are safe; the second waits.
 * @throws TorchLoraError NETWORK, INVALID_FILE (also for a disk that is full or closed), LIBTORCH_VERSION,
 *   INVALID_ARGUMENT, ABORTED
 */
export async function installLibtorch(options: InstallOptions = {}): Promise<InstallResult> {
  const cache = options.cache ?? libtorchCache(options.environment)
  const target = options.from ? undefined : wanted(options)
  try {
    return await installInto(cache, options, target)
  } catch (cause) {
    if (cause instanceof TorchLoraError || !(cause as NodeJS.ErrnoException).syscall) throw cause
    throw new TorchLoraError(
      'INVALID_FILE',
      `${cache} cannot be written: ${(cause as Error).message}. Give it room and permission, or set XDG_CACHE_HOME to another folder.`,
      { file: cache, cause },
    )
  }
}

/** A release, and which build of it. */
export interface Target {
  version: string
  cuda: boolean
}

async function installInto(
  cache: string,
  options: InstallOptions,
  target: Target | undefined,
): Promise<InstallResult> {
  await mkdir(cache, { recursive: true })
  const unlock = await takeLock(cache, options)
  try {
    // What an interrupted installation left. Downloads from a URL are kept, to go on from.
    for (const name of await readdir(cache)) {
      if (name.startsWith('.staging-')) await rm(join(cache, name), { recursive: true, force: true })
    }
    const there = target && !options.force && present(cache, target, options.headers)
    if (there) return { ...there, installed: false, from: 'cache' }
    const staging = join(cache, `.staging-${process.pid}`)
    try {
      await mkdir(staging)
      const { source, from, kept } = await getSource(staging, cache, options, target)
      const report = reporter(options)
      const parts = { headers: options.headers ?? false }
      let leftOut: InstallResult['leftOut']
      if ('archives' in source) {
        const version = await archiveVersion(source.archives)
        const same = !options.force && !target && installed(cache, version, parts.headers)
        if (same) return { ...same, installed: false, from: 'cache' }
        const bytes = await unpackAll(source.archives, staging, { parts, report, signal: options.signal })
        const cuda = target?.cuda ?? existsSync(join(staging, 'torch', 'lib', 'libtorch_cuda.so'))
        leftOut = { bytes, libraries: pruneLibraries(staging, { cuda }) }
      } else {
        await copyLibtorch(source.folder, staging, { parts, report, signal: options.signal })
      }
      await rm(join(staging, downloadsName), { recursive: true, force: true })
      const whole = accept(inspectLibtorch(staging), from, target)
      const result = await publish(staging, cache, folderName(whole))
      if (kept) await rm(kept, { recursive: true, force: true })
      return { ...result, installed: true, from, ...(leftOut && { leftOut }) }
    } catch (cause) {
      if (!options.signal?.aborted) throw cause
      throw new TorchLoraError('ABORTED', 'The installation was interrupted; nothing was installed.', {
        cause,
      })
    } finally {
      await rm(staging, { recursive: true, force: true })
    }
  } finally {
    await unlock()
  }
}

const downloadsName = '.downloads'

const reporter = (options: InstallOptions): Report => {
  return (step, what) => {
    options.onProgress?.({ step, what })
    return (bytes, total) => options.onProgress?.({ step, what, bytes, total: total || undefined })
  }
}

/** The install that has this very name. */
function installed(cache: string, version: string, headers: boolean): Libtorch | undefined {
  return wholeInstalls(cache).find(
    ({ path, ...there }) => relative(cache, path).split(sep)[0] === version && (there.headers || !headers),
  )
}

interface Got {
  source: Source
  from: string
  /** Downloads that may go once all is in its place. */
  kept?: string
}

async function getSource(
  staging: string,
  cache: string,
  options: InstallOptions,
  target: Target | undefined,
): Promise<Got> {
  const downloads = join(staging, downloadsName)
  const report = reporter(options)
  if (!target) return { source: await sourceFrom(options, { cache, downloads }, report), from: options.from! }
  const { environment, machine, signal } = options
  const kept = join(cache, downloadsName)
  try {
    const { archives, from } = await torchFromIndex({ ...target, kept, environment, machine, signal, report })
    return { source: { archives }, from, kept }
  } catch (cause) {
    if (!(cause instanceof TorchLoraError) || cause.code !== 'NETWORK') throw cause
    // pip may know what we do not: a keyring, an index of its own kind. It is asked for this machine only.
    const pip = machine ? undefined : findPip(environment)
    if (!pip) throw withAdvice(cause)
    const request = { ...target, pip, into: downloads, environment, signal, report }
    const { wheels, from } = await torchThroughPip(request).catch((error: TorchLoraError) => {
      if (error.code !== 'NETWORK') throw error
      throw withAdvice(cause, error)
    })
    return { source: { archives: wheels }, from }
  }
}

function withAdvice(cause: TorchLoraError, pip?: TorchLoraError): TorchLoraError {
  const tried = pip ? ` ${pip.message}` : ''
  return new TorchLoraError(
    'NETWORK',
    `${cause.message}${tried} Name an index by PIP_INDEX_URL or in pip.conf, a proxy by HTTPS_PROXY, or give a wheel or libtorch zip: \`torch-lora libtorch install --from URL_OR_FILE\`.`,
    { cause },
  )
}

/** Gives the finished folder its name. Processes that have an older one of that name open keep it until they end. */
async function publish(staging: string, cache: string, name: string): Promise<Libtorch> {
  const folder = join(cache, name)
  const old = join(cache, `.staging-old-${process.pid}`)
  if (existsSync(folder)) await rename(folder, old)
  await rename(staging, folder)
  await rm(old, { recursive: true, force: true })
  return inspectLibtorch(folder)
}

async function takeLock(cache: string, options: InstallOptions): Promise<() => Promise<void>> {
  const settings = {
    lockfilePath: join(cache, '.lock'),
    // Lost to a suspended machine: two may then install at once, which renaming whole folders keeps safe.
    onCompromised: () => {},
  }
  for (let first = true; ; first = false) {
    try {
      return await lock(cache, settings)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ELOCKED') throw cause
      if (options.signal?.aborted)
        throw new TorchLoraError('ABORTED', 'The installation was interrupted.', { cause })
      if (first) options.onProgress?.({ step: 'wait', what: 'another installation to finish' })
      await new Promise((done) => setTimeout(done, 500))
    }
  }
}

/** Refuses what is whole but not what was asked for. */
function accept(libtorch: Libtorch, from: string, target: Target | undefined): Libtorch {
  if (!isSupported(libtorch.version)) {
    throw new TorchLoraError(
      'LIBTORCH_VERSION',
      `${from} gave libtorch ${libtorch.version}, and this package needs ${supportedRange}.`,
    )
  }
  if (target && libtorch.cuda !== target.cuda) {
    const [got, need] = target.cuda ? ['CPU', 'CUDA'] : ['CUDA', 'CPU']
    throw new TorchLoraError(
      'NETWORK',
      `${from} gave the ${got} build of torch ${target.version}, and the ${need} build was asked for: the package index has no other. Give a wheel by --from, or another --version.`,
    )
  }
  return libtorch
}
