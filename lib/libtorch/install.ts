import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, rename, rm, statfs } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { lock } from 'proper-lockfile'
import { TorchLoraError } from '../errors.ts'
import { installFolders, libtorchCache } from './cache.ts'
import { downloadFile, sha256InUrl, verifySha256 } from './download.ts'
import { inspectLibtorch, type Libtorch } from './inspect.ts'
import { findPip } from './pip.ts'
import { torchThroughPip } from './pip-torch.ts'
import { type OnBytes, readFromArchive, unpack, unpackedSize } from './unpack.ts'
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
  /** A URL or file (wheel or libtorch zip), or a folder (a libtorch, or one with wheels). Default: through pip. */
  from?: string
  /** What the file or URL must hash to, in hex. */
  sha256?: string
  /** Install even if the same version is there. */
  force?: boolean
  cache?: string
  environment?: NodeJS.ProcessEnv
  signal?: AbortSignal
  onProgress?: (progress: InstallProgress) => void
}

export interface InstallResult extends Libtorch {
  /** False when the version was there already. */
  installed: boolean
  /** Where it came from. */
  from: string
}

/** What an installation would do, for `--dry-run`. */
export interface InstallPlan {
  from: string
  into: string
  /** The install of that version that is there already. */
  present?: Libtorch
}

/** The whole install of this version in the cache, if there is one. */
function present(cache: string, version: string, cuda: boolean): Libtorch | undefined {
  for (const folder of installFolders(cache)) {
    try {
      const libtorch = inspectLibtorch(folder)
      if (libtorch.version.split('+')[0] === version && libtorch.cuda === cuda) return libtorch
    } catch {
      // Not whole: it will be replaced.
    }
  }
  return undefined
}

function wanted(options: InstallOptions): { version: string; cuda: boolean } {
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
 * What {@link installLibtorch} would do; reads, changes nothing.
 * @throws TorchLoraError INVALID_ARGUMENT, LIBTORCH_VERSION
 */
export function planInstall(options: InstallOptions = {}): InstallPlan {
  const cache = options.cache ?? libtorchCache(options.environment)
  if (options.from) return { from: options.from, into: cache }
  const { version, cuda } = wanted(options)
  const build = cuda ? 'the CUDA build, with the nvidia-* libraries it names' : 'the CPU build'
  const command = `${findPip(options.environment).join(' ')} download torch==${version}`
  return { from: `${command} (${build})`, into: cache, present: present(cache, version, cuda) }
}

/**
 * Puts a libtorch into the cache that all projects of this user share, under its version. It appears there whole or
 * not at all: everything is unpacked beside it and renamed. Two installations at once are safe; the second waits.
 * @throws TorchLoraError NETWORK, INVALID_FILE, LIBTORCH_VERSION, INVALID_ARGUMENT, ABORTED
 */
export async function installLibtorch(options: InstallOptions = {}): Promise<InstallResult> {
  const cache = options.cache ?? libtorchCache(options.environment)
  const target = options.from ? undefined : wanted(options)
  await mkdir(cache, { recursive: true })
  const unlock = await takeLock(cache, options)
  try {
    // What an interrupted installation left. Downloads from a URL are kept, to go on from.
    for (const name of await readdir(cache)) {
      if (name.startsWith('.staging-')) await rm(join(cache, name), { recursive: true, force: true })
    }
    const there = target && !options.force && present(cache, target.version, target.cuda)
    if (there) return { ...there, installed: false, from: 'cache' }
    const staging = join(cache, `.staging-${process.pid}`)
    try {
      const from = await fill(staging, cache, options, target)
      if (from.there) return { ...from.there, installed: false, from: 'cache' }
      const libtorch = accept(inspectLibtorch(staging), options, target)
      const folder = join(cache, libtorch.version)
      if (existsSync(folder)) {
        // Processes that have the old one open keep it until they end.
        const old = join(cache, `.staging-old-${process.pid}`)
        await rename(folder, old)
        await rename(staging, folder)
        await rm(old, { recursive: true, force: true })
      } else {
        await rename(staging, folder)
      }
      return { ...inspectLibtorch(folder), installed: true, from: from.name }
    } finally {
      await rm(staging, { recursive: true, force: true })
    }
  } finally {
    await unlock()
  }
}

async function takeLock(cache: string, options: InstallOptions): Promise<() => Promise<void>> {
  const settings = {
    lockfilePath: join(cache, '.lock'),
    stale: 30_000,
    update: 5_000,
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

/** Fills the staging folder, or finds that the archive holds a version that is installed already. */
async function fill(
  staging: string,
  cache: string,
  options: InstallOptions,
  target: { version: string; cuda: boolean } | undefined,
): Promise<{ name: string; there?: Libtorch }> {
  const report = (step: InstallProgress['step'], what: string): OnBytes => {
    options.onProgress?.({ step, what })
    return (bytes, total) => options.onProgress?.({ step, what, bytes, total: total || undefined })
  }
  const downloads = join(staging, '.downloads')
  await mkdir(downloads, { recursive: true })
  let name: string
  let archives: string[]
  if (target) {
    const got = await torchThroughPip({
      ...target,
      into: downloads,
      environment: options.environment,
      signal: options.signal,
      report,
    })
    name = got.from
    archives = got.wheels
  } else {
    const from = options.from!
    name = from
    if (/^https?:\/\//.test(from)) {
      const kept = join(cache, '.downloads')
      const file = await downloadFile(from, kept, {
        onBytes: report('download', basename(new URL(from).pathname)),
        signal: options.signal,
      })
      const expected = options.sha256 ?? sha256InUrl(from)
      if (expected) {
        report('verify', basename(file))
        await verifySha256(file, expected).catch(async (cause) => {
          await rm(file)
          throw cause
        })
      }
      archives = [join(downloads, basename(file))]
      await rename(file, archives[0]!)
    } else {
      const path = resolve(from.replace(/^file:\/\//, ''))
      if (!existsSync(path))
        throw new TorchLoraError('INVALID_FILE', `--from: there is no file or folder ${path}.`, {
          file: path,
        })
      const wheels = await readdir(path).then(
        (names) => names.filter((entry) => entry.endsWith('.whl')).map((entry) => join(path, entry)),
        () => [path],
      )
      if (wheels.length === 0) {
        if (options.sha256)
          throw new TorchLoraError(
            'INVALID_ARGUMENT',
            '--sha256 goes with a file or a URL, not with a folder.',
          )
        await copyFolder(path, staging, report('copy', path))
        return { name }
      }
      if (options.sha256) {
        report('verify', basename(wheels[0]!))
        await verifySha256(wheels[0]!, options.sha256)
      }
      archives = wheels
    }
    const version = await archiveVersion(archives)
    const there = installFolders(cache).find((folder) => basename(folder) === version)
    if (there && !options.force) return { name, there: inspectLibtorch(there) }
  }
  await requireSpace(staging, archives)
  for (const archive of archives) {
    await unpack(archive, staging, { onBytes: report('unpack', basename(archive)), signal: options.signal })
  }
  await rm(downloads, { recursive: true })
  return { name }
}

/** The version that the archives hold; refuses early what is no PyTorch or outside the range. */
async function archiveVersion(archives: string[]): Promise<string> {
  for (const archive of archives) {
    const python = await readFromArchive(archive, /^(torch\/version\.py|libtorch\/build-version)$/)
    const version = python && (/__version__[^'"]*['"]([^'"]+)['"]/.exec(python)?.[1] ?? python.trim())
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

/** Copies what libtorch is out of a folder that has it. */
async function copyFolder(path: string, staging: string, onBytes: OnBytes): Promise<void> {
  const source = inspectLibtorch(path)
  const parts = ['lib', 'include', 'version.py', 'build-version'].filter((part) =>
    existsSync(join(source.path, part)),
  )
  for (const [index, part] of parts.entries()) {
    await cp(join(source.path, part), join(staging, 'torch', part), {
      recursive: true,
      dereference: true,
      filter: (file) => !/(libtorch_python\.so|\.a)$|__pycache__/.test(file),
    })
    onBytes(index + 1, parts.length)
  }
  await rm(join(staging, '.downloads'), { recursive: true })
}

async function requireSpace(staging: string, archives: string[]): Promise<void> {
  let need = 0
  for (const archive of archives) need += await unpackedSize(archive)
  const { bavail, bsize } = await statfs(staging)
  if (bavail * bsize > need) return
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
  throw new TorchLoraError(
    'INVALID_FILE',
    `${staging} has ${gigabytes(bavail * bsize)} free, and unpacking libtorch takes ${gigabytes(need)}. Free some, or set XDG_CACHE_HOME to a larger disk.`,
    { file: staging },
  )
}

/** Refuses what is whole but not what was asked for. */
function accept(
  libtorch: Libtorch,
  options: InstallOptions,
  target: { version: string; cuda: boolean } | undefined,
): Libtorch {
  if (!isSupported(libtorch.version)) {
    throw new TorchLoraError(
      'LIBTORCH_VERSION',
      `${options.from ?? 'pip'} gave libtorch ${libtorch.version}, and this package needs ${supportedRange}.`,
    )
  }
  if (target && libtorch.cuda !== target.cuda) {
    const [got, need] = target.cuda ? ['CPU', 'CUDA'] : ['CUDA', 'CPU']
    throw new TorchLoraError(
      'NETWORK',
      `pip gave the ${got} build of torch ${target.version}, and the ${need} build was asked for: the package index has no other. Give a wheel by --from, or another --version.`,
    )
  }
  return libtorch
}
