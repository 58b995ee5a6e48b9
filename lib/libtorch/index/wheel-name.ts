import { glibcVersion } from '../../platform.ts'
import { normalized } from './links.ts'

/** The parts of a wheel's file name (the binary distribution format of the Python packaging guide). */
export interface WheelName {
  project: string
  version: string
  python: string[]
  platforms: string[]
}

export function parseWheelName(name: string): WheelName | undefined {
  const match = /^([^-]+)-([^-]+)(?:-\d[^-]*)?-([^-]+)-([^-]+)-([^-]+)\.whl$/.exec(name)
  if (!match) return undefined
  return {
    project: normalized(match[1]!),
    version: match[2]!,
    python: match[3]!.split('.'),
    platforms: match[5]!.split('.'),
  }
}

/** What a machine runs. */
export interface Machine {
  arch: 'x64' | 'arm64'
  /** `2.36`. */
  glibc: string
}

export function thisMachine(): Machine {
  return { arch: process.arch === 'arm64' ? 'arm64' : 'x64', glibc: glibcVersion() ?? '2.28' }
}

const legacy: Record<string, string> = { manylinux1: '2_5', manylinux2010: '2_12', manylinux2014: '2_17' }

/** Whether the libraries of a wheel run here. Whose Python they are for does not matter: none is. */
export function runsOn(wheel: WheelName, { arch, glibc }: Machine): boolean {
  const cpu = arch === 'arm64' ? 'aarch64' : 'x86_64'
  const [major, minor] = glibc.split('.').map(Number) as [number, number]
  return wheel.platforms.some((platform) => {
    if (platform === 'any' || platform === `linux_${cpu}`) return true
    const tag = platform.replace(
      /^(manylinux1|manylinux2010|manylinux2014)(?=_)/,
      (old) => `manylinux_${legacy[old]}`,
    )
    const match = /^manylinux_(\d+)_(\d+)_(.+)$/.exec(tag)
    if (match?.[3] !== cpu) return false
    return Number(match[1]) < major || (Number(match[1]) === major && Number(match[2]) <= minor)
  })
}
