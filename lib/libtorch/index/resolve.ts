import { TorchLoraError } from '../../errors.ts'
import type { Target } from '../install.ts'
import type { Indexes, Wheel } from './pick.ts'
import { type Requirement, requirementsOf } from './requirement.ts'

/** PyTorch's own index of CPU builds: PyPI has none for Linux. */
export const cpuIndex = 'https://download.pytorch.org/whl/cpu'

/** A wheel of PyTorch, and whether more is needed to make the wanted build of it. */
export interface TorchWheel {
  wheel: Wheel
  /** Built with CUDA, so that even its CPU library opens two of NVIDIA's. */
  needsNvidia: boolean
}

/**
 * The wheel for a build. For the CPU: a CPU build of the user's indexes, else of PyTorch's own index, else a CUDA
 * build, of which only what the CPU needs is then kept. For CUDA: the plain release, as PyPI has it, else the newest
 * CUDA that an index offers.
 * @throws TorchLoraError NETWORK naming what was asked
 */
export async function torchWheel(target: Target, indexes: Indexes): Promise<TorchWheel> {
  const released = (wheel: Wheel) => wheel.version.split('+')[0] === target.version && !wheel.yanked
  const local = (wheel: Wheel) => wheel.version.split('+')[1] ?? ''
  const own = (await indexes.wheels('torch')).filter(released)
  const cuda = own.filter((wheel) => local(wheel) === '') // PyPI's are CUDA builds
  cuda.push(...own.filter((wheel) => /^cu\d+$/.test(local(wheel))))
  if (target.cuda) {
    if (cuda[0]) return { wheel: cuda[0], needsNvidia: true }
  } else {
    const isCpu = (wheel: Wheel) => local(wheel) === 'cpu'
    const found =
      own.find(isCpu) ?? (await indexes.wheels('torch', cpuIndex)).filter(released).find(isCpu) ?? undefined
    if (found) return { wheel: found, needsNvidia: false }
    if (cuda[0]) return { wheel: cuda[0], needsNvidia: true }
  }
  const others = [...new Set((await indexes.wheels('torch')).map(({ version }) => version))].slice(0, 6)
  const asked = target.cuda || !indexes.online ? indexes.places : [...indexes.places, cpuIndex]
  const reasons = indexes.failures.map(({ message }) => message)
  throw new TorchLoraError(
    'NETWORK',
    `No index has torch ${target.version}${target.cuda ? ' built with CUDA' : ''} for this machine: asked ${asked.join(', ')}${others.length > 0 ? `, which offer ${others.join(', ')}` : ''}. ${reasons.join(' ')}`.trim(),
    { cause: { failures: reasons } },
  )
}

const toolkit = 'cuda-toolkit'
const ofNvidia = (name: string) => name.startsWith('nvidia-') || name === toolkit

/** The two that libtorch_cpu.so of a CUDA build opens. */
const forCpu = /^nvidia-cuda-(runtime|cupti)(-cu\d+)?$/

/** Reads the METADATA of a wheel; the wheel is brought here for it. */
export type ReadMetadata = (wheel: Wheel) => Promise<string>

/**
 * The NVIDIA wheels that a CUDA build of PyTorch requires.
 * @param options.cuda false: only what the CPU library opens
 * @throws TorchLoraError NETWORK naming the first that no index has
 */
export async function nvidiaWheels(
  metadata: string,
  indexes: Indexes,
  options: { cuda: boolean; read: ReadMetadata },
): Promise<Wheel[]> {
  const all: Requirement[] = []
  for (const requirement of requirementsOf(metadata).filter(({ name }) => ofNvidia(name))) {
    if (requirement.name !== toolkit) {
      all.push(requirement)
      continue
    }
    // A list of others by extras, in a wheel of 3 kB.
    const list = await indexes.newest(requirement.name, requirement.accepts)
    if (!list) throw missing([requirement], indexes)
    all.push(...requirementsOf(await options.read(list), requirement.extras))
  }
  // What the NVIDIA wheels require of each other (cublas wants nvrtc) is in these lists already.
  const names = new Set(all.map(({ name }) => name).filter((name) => options.cuda || forCpu.test(name)))
  return await Promise.all(
    [...names].map(async (name) => {
      const requirements = all.filter((requirement) => requirement.name === name)
      const accepts = (version: string) => requirements.every((one) => one.accepts(version))
      const wheel = await indexes.newest(name, accepts)
      if (!wheel) throw missing(requirements, indexes)
      return wheel
    }),
  )
}

function missing(requirements: Requirement[], indexes: Indexes): TorchLoraError {
  const reasons = indexes.failures.map(({ message }) => message)
  return new TorchLoraError(
    'NETWORK',
    `PyTorch's CUDA build needs ${requirements.map(({ text }) => text).join(', ')}, which no index has for this machine: asked ${indexes.places.join(', ')}. ${reasons.join(' ')}`.trim(),
  )
}
