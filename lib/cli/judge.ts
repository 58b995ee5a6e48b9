import { kernelsMissing } from '../addon.ts'
import type { Libtorch } from '../libtorch/inspect.ts'
import type { NativeSystem } from '../native.ts'

/** Something that is wrong, and what mends it. */
export interface Problem {
  /** An error keeps the package from working; a warning does not. */
  severity: 'error' | 'warning'
  message: string
}

/** What a machine is and has, as far as the package depends on it. */
export interface Machine {
  /** `process.platform` and `process.arch`. */
  platform: string
  arch: string
  /** The version of the C library; null on musl and outside Linux. */
  glibc: string | null
  /** The NVIDIA kernel driver's version, 'present' where it does not say; null without one. */
  driver: string | null
  /** Instruction sets by the names of /proc/cpuinfo; null where it does not tell. */
  cpuFlags: readonly string[] | null
  /** CPUs that this process may use. */
  cpus: number
}

/** What was found of the package and of libtorch. */
export interface Found {
  libtorch: Pick<Libtorch, 'version' | 'cuda' | 'path'> | null
  /** The file with the CUDA kernels for this libtorch, where it is missing; null where it is there or not needed. */
  missingKernels: string | null
  /** What the loaded libtorch says; null where it did not load. */
  system: NativeSystem | null
}

/** glibc that libtorch's own builds are made for (manylinux_2_28). */
const oldestGlibc = '2.28'

const older = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true }) < 0

/** What keeps the package from running on this machine at all, whatever is installed. */
export function judgeMachine(
  { platform, arch, glibc }: Machine,
  { addons }: { addons: readonly string[] },
): Problem[] {
  const error = (message: string): Problem[] => [{ severity: 'error', message }]
  if (platform !== 'linux')
    return error(
      `This is ${platform}, and torch-lora runs on Linux. On macOS and Windows use a Linux container, a virtual machine or WSL 2.`,
    )
  if (!glibc)
    return error(
      'This Linux has musl for its C library (Alpine), and PyTorch builds libtorch for glibc only. Use an image with glibc: `node:22-slim` in place of `node:22-alpine`.',
    )
  if (older(glibc, oldestGlibc))
    return error(
      `This system has glibc ${glibc}, and libtorch needs ${oldestGlibc} or newer. Use a newer one: Debian 10, Ubuntu 20.04, RHEL 8 or later.`,
    )
  if (!addons.includes(`${platform}-${arch}`))
    return error(
      `This is ${platform}-${arch}, and this package holds an addon for ${addons.join(' and ')}. Build one here: \`node node_modules/torch-lora/scripts/build-native.mjs\`.`,
    )
  return []
}

/** What makes the package slower than it could be here. */
export function judgeUse(machine: Machine, { libtorch, missingKernels, system }: Found): Problem[] {
  const problems: Problem[] = []
  const warn = (message: string) => problems.push({ severity: 'warning', message })
  const { driver, cpuFlags, cpus, arch } = machine
  if (arch === 'x64' && cpuFlags && !cpuFlags.includes('avx2'))
    warn(
      'This CPU (or the virtual machine that shows it) has no AVX2: results are right, and everything is several times slower. Choose a CPU type that passes AVX2 on, such as `host`.',
    )
  if (libtorch && driver && !libtorch.cuda)
    warn(
      `This machine has an NVIDIA driver (${driver}), and libtorch ${libtorch.version} is a CPU build. For the GPU, run \`torch-lora libtorch install --cuda\`.`,
    )
  if (libtorch?.cuda && !driver)
    warn(
      `libtorch ${libtorch.version} is a CUDA build, and this machine has no NVIDIA driver: it runs on the CPU. In a container, start it with \`--gpus all\`; for the CPU alone, \`torch-lora libtorch install\` gets a build that is gigabytes smaller.`,
    )
  if (libtorch && driver && missingKernels) warn(kernelsMissing(missingKernels, libtorch.version))
  if (system && libtorch?.cuda && driver && system.cudaDevices === 0)
    warn(
      `libtorch ${libtorch.version} sees no GPU, though a driver (${driver}) is there. See whether \`nvidia-smi\` lists one, whether CUDA_VISIBLE_DEVICES hides it, and whether the driver is new enough for this CUDA.`,
    )
  if (system && system.threads > cpus)
    warn(
      `libtorch uses ${system.threads} threads and this process may use ${cpus} CPUs, which slows it down. Set OMP_NUM_THREADS=${cpus}.`,
    )
  return problems
}
