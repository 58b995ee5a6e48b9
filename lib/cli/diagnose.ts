import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join, relative } from 'node:path'
import { addonPath, findLibtorchFor, loadedFrom, packageRoot } from '../addon.ts'
import { TorchLoraError } from '../errors.ts'
import { installFolders, libtorchCache } from '../libtorch/cache.ts'
import { type FoundLibtorch, findLibtorch } from '../libtorch/find.ts'
import { hasNvidiaDriver, inspectLibtorch } from '../libtorch/inspect.ts'
import { isSupported } from '../libtorch/versions.ts'
import { type NativeSystem, native } from '../native.ts'

/** Something that is wrong, and what mends it. */
export interface Problem {
  /** An error keeps the package from working; a warning does not. */
  severity: 'error' | 'warning'
  message: string
}

/** What `torch-lora doctor` finds. Paths are absolute; what was not found is null. */
export interface Diagnosis {
  ok: boolean
  package: { version: string; path: string }
  node: string
  platform: string
  glibc: string | null
  addon: { path: string; from: 'build' | 'prebuilds' } | null
  libtorch: FoundLibtorch | null
  otherInstalls: string[]
  nvidiaDriver: string | null
  system: NativeSystem | null
  cpus: number
  problems: Problem[]
}

function glibcVersion(): string | null {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime ?? null
}

function nvidiaDriverVersion(): string | null {
  if (!hasNvidiaDriver()) return null
  const file = '/proc/driver/nvidia/version'
  const match = existsSync(file) && /Kernel Module[^\d]*([\d.]+)/.exec(readFileSync(file, 'utf8'))
  return match ? match[1]! : 'present'
}

/** CPUs that a container's quota allows; undefined without a quota. */
function cpuQuota(): number | undefined {
  const file = '/sys/fs/cgroup/cpu.max'
  if (!existsSync(file)) return undefined
  const [quota, period] = readFileSync(file, 'utf8').split(' ').map(Number)
  return quota && period ? quota / period : undefined
}

function attempt<T>(problems: Problem[], body: () => T): T | null {
  try {
    return body()
  } catch (error) {
    if (!(error instanceof TorchLoraError)) throw error
    if (!problems.some(({ message }) => message === error.message)) {
      problems.push({ severity: 'error', message: error.message })
    }
    return null
  }
}

/** Looks at everything that the package needs, and loads it. Changes nothing. */
export function diagnose(): Diagnosis {
  const problems: Problem[] = []
  const warn = (message: string) => problems.push({ severity: 'warning', message })
  const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
  const glibc = glibcVersion()
  if (process.platform !== 'linux' || process.arch !== 'x64' || !glibc) {
    const libc = process.platform === 'linux' && !glibc ? ' with musl' : ''
    problems.push({
      severity: 'error',
      message: `This is ${process.platform}-${process.arch}${libc}; torch-lora runs on linux-x64 with glibc, as PyTorch's own builds do. Use such a machine or container image.`,
    })
  }
  const path = attempt(problems, addonPath)
  const libtorch = attempt(problems, () => (path ? findLibtorchFor(path) : findLibtorch()))
  const system = path && libtorch ? attempt(problems, () => native().system()) : null

  const otherInstalls: string[] = []
  for (const folder of installFolders(libtorchCache())) {
    if (folder === libtorch?.path || join(folder, 'torch') === libtorch?.path) continue
    try {
      const { version } = inspectLibtorch(folder)
      otherInstalls.push(folder)
      if (!isSupported(version))
        warn(
          `${folder} holds libtorch ${version}, which this version cannot use. Delete the folder if nothing else does.`,
        )
    } catch (error) {
      warn(
        `${(error as Error).message} Run \`torch-lora libtorch install --force --version ${basename(folder).split('+')[0]}\`, or delete the folder.`,
      )
    }
  }
  const nvidiaDriver = nvidiaDriverVersion()
  if (system && libtorch && nvidiaDriver && !libtorch.cuda) {
    warn(
      `This machine has an NVIDIA driver (${nvidiaDriver}), and libtorch ${libtorch.version} is a CPU build. For the GPU, run \`torch-lora libtorch install --cuda\`.`,
    )
  }
  if (system && libtorch?.cuda && nvidiaDriver && system.cudaDevices === 0) {
    warn(
      `libtorch ${libtorch.version} sees no GPU, though a driver (${nvidiaDriver}) is there. See whether \`nvidia-smi\` lists one, whether CUDA_VISIBLE_DEVICES hides it, and whether the driver is new enough for this CUDA.`,
    )
  }
  const cpus = Math.min(availableParallelism(), Math.ceil(cpuQuota() ?? Number.POSITIVE_INFINITY))
  if (system && system.threads > cpus) {
    warn(
      `libtorch uses ${system.threads} threads and this process may use ${cpus} CPUs, which slows it down. Set OMP_NUM_THREADS=${cpus}.`,
    )
  }
  return {
    ok: !problems.some(({ severity }) => severity === 'error') && system !== null,
    package: { version: manifest.version, path: packageRoot },
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    glibc,
    addon: path
      ? { path, from: relative(packageRoot, path).startsWith('build') ? 'build' : 'prebuilds' }
      : null,
    libtorch: loadedFrom()?.libtorch ?? libtorch,
    otherInstalls,
    nvidiaDriver,
    system,
    cpus,
    problems,
  }
}
