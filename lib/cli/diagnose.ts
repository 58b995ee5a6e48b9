import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join, relative } from 'node:path'
import {
  addonPath,
  findLibtorchFor,
  loadedFrom,
  missingKernels,
  packageRoot,
  prebuiltPlatforms,
} from '../addon.ts'
import { resolveDevice } from '../device.ts'
import { TorchLoraError } from '../errors.ts'
import { installFolders, libtorchCache } from '../libtorch/cache.ts'
import { type FoundLibtorch, findLibtorch } from '../libtorch/find.ts'
import { hasNvidiaDriver, inspectLibtorch } from '../libtorch/inspect.ts'
import { isSupported } from '../libtorch/versions.ts'
import { type NativeSystem, native } from '../native.ts'
import { cpuFlags, glibcVersion } from '../platform.ts'
import { autoDType, productsOf } from '../weight-dtype.ts'
import { judgeMachine, judgeUse, type Machine, type Problem } from './judge.ts'

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
  /** What `--dtype auto` means with `--device auto`, and why. */
  autoDtype: { device: string; dtype: string; because: string } | null
  /** What multiplies narrow weights on the processor, and why that. */
  products: Record<'bfloat16' | 'int8', { products: string; because: string }> | null
  cpus: number
  problems: Problem[]
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

/** The platforms that this installation has an addon for. */
function addonPlatforms(): string[] {
  const built = existsSync(join(packageRoot, 'build', 'Release'))
    ? [`${process.platform}-${process.arch}`]
    : []
  return [...new Set([...built, ...prebuiltPlatforms()])]
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

function autoDtype() {
  const device = resolveDevice('auto')
  return { device, ...autoDType(device) }
}

function products() {
  const of = (dtype: 'bfloat16' | 'int8') => {
    const { products, because } = productsOf(dtype)
    return { products, because }
  }
  return { bfloat16: of('bfloat16'), int8: of('int8') }
}

/** Looks at everything that the package needs, and loads it. Changes nothing. */
export function diagnose(): Diagnosis {
  const problems: Problem[] = []
  const warn = (message: string) => problems.push({ severity: 'warning', message })
  const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
  const machine: Machine = {
    platform: process.platform,
    arch: process.arch,
    glibc: glibcVersion(),
    driver: nvidiaDriverVersion(),
    cpuFlags: cpuFlags(),
    cpus: Math.min(availableParallelism(), Math.ceil(cpuQuota() ?? Number.POSITIVE_INFINITY)),
  }
  problems.push(...judgeMachine(machine, { addons: addonPlatforms() }))
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
  const kernels = path && libtorch ? missingKernels(path, libtorch) : null
  problems.push(...judgeUse(machine, { libtorch, missingKernels: kernels, system }))
  return {
    ok: !problems.some(({ severity }) => severity === 'error') && system !== null,
    package: { version: manifest.version, path: packageRoot },
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    glibc: machine.glibc,
    addon: path
      ? { path, from: relative(packageRoot, path).startsWith('build') ? 'build' : 'prebuilds' }
      : null,
    libtorch: loadedFrom()?.libtorch ?? libtorch,
    otherInstalls,
    nvidiaDriver: machine.driver,
    system,
    autoDtype: system && attempt(problems, autoDtype),
    products: system && attempt(problems, products),
    cpus: machine.cpus,
    problems,
  }
}
