import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { TorchLoraError } from '../errors.ts'

/** What a folder with a libtorch in it holds. */
export interface Libtorch {
  /** The folder that has `lib/`: `site-packages/torch`, or an unpacked libtorch zip. Absolute. */
  path: string
  /** As PyTorch writes it: `2.13.0+cpu`, `2.14.1+cu130`. */
  version: string
  /** Built with CUDA. */
  cuda: boolean
  /** The headers are there too, so that the addon can be built against it. */
  headers: boolean
}

/** The version in the text of PyTorch's version.py, or of a libtorch zip's build-version. */
export function versionIn(text: string): string | undefined {
  if (!text.includes('__version__')) return text.trim() || undefined
  return /^__version__(?:\s*:[^=]*)?\s*=\s*['"]([^'"]+)['"]/m.exec(text)?.[1]
}

function versionOf(path: string): string | undefined {
  for (const name of ['version.py', 'build-version']) {
    const file = join(path, name)
    const version = existsSync(file) && versionIn(readFileSync(file, 'utf8'))
    if (version) return version
  }
  const parent = dirname(path)
  const info = readdirSync(parent).find((name) => /^torch-[^-]+\.dist-info$/.test(name))
  return info?.slice('torch-'.length, -'.dist-info'.length)
}

/**
 * Looks at a folder without loading anything from it.
 * @param path a folder with `lib/libtorch_cpu.so`, or one whose `torch` or `libtorch` subfolder is that
 * @throws TorchLoraError LIBTORCH_NOT_FOUND when the folder has no whole libtorch; `file` is the folder
 */
export function inspectLibtorch(path: string): Libtorch {
  const given = resolve(path)
  if (!existsSync(given) || !statSync(given).isDirectory()) {
    throw new TorchLoraError('LIBTORCH_NOT_FOUND', `There is no folder ${given}.`, { file: given })
  }
  const folder = [given, join(given, 'torch'), join(given, 'libtorch')].find((candidate) =>
    existsSync(join(candidate, 'lib', 'libtorch_cpu.so')),
  )
  if (!folder) {
    throw new TorchLoraError(
      'LIBTORCH_NOT_FOUND',
      `${given} holds no libtorch: expected lib/libtorch_cpu.so in it (a PyTorch's \`torch\` folder, or an unpacked libtorch zip).`,
      { file: given },
    )
  }
  const missing = ['libc10.so', 'libtorch.so'].filter((name) => !existsSync(join(folder, 'lib', name)))
  const cuda = existsSync(join(folder, 'lib', 'libtorch_cuda.so'))
  if (cuda && !existsSync(join(folder, 'lib', 'libc10_cuda.so'))) missing.push('libc10_cuda.so')
  // A truncated copy shows up here as an empty file; one cut short further on, as an error of the dynamic linker.
  const empty = ['libc10.so', 'libtorch_cpu.so'].filter((name) => {
    const file = join(folder, 'lib', name)
    return existsSync(file) && statSync(file).size === 0
  })
  if (missing.length + empty.length > 0) {
    const what = [...missing.map((name) => `${name} is missing`), ...empty.map((name) => `${name} is empty`)]
    throw new TorchLoraError(
      'LIBTORCH_NOT_FOUND',
      `The libtorch in ${folder} is incomplete: ${what.join(', ')} (in lib/).`,
      { file: folder },
    )
  }
  const version = versionOf(folder)
  if (!version) {
    throw new TorchLoraError(
      'LIBTORCH_NOT_FOUND',
      `The libtorch in ${folder} does not say its version: expected version.py or build-version beside lib/.`,
      { file: folder },
    )
  }
  return { path: folder, version, cuda, headers: existsSync(join(folder, 'include', 'ATen', 'ATen.h')) }
}

/**
 * The libraries to open, in order, before anything that links to them. libtorch_cuda.so is opened only where an
 * NVIDIA driver is, because it is gigabytes that serve nothing without one.
 */
export function librariesOf(libtorch: Libtorch, options: { driver: boolean }): string[] {
  const names = ['libc10.so', 'libtorch_cpu.so']
  if (libtorch.cuda && options.driver) names.push('libc10_cuda.so', 'libtorch_cuda.so')
  return names.map((name) => join(libtorch.path, 'lib', name))
}

/** Whether this machine has NVIDIA's kernel driver, on Linux proper or under WSL. */
export function hasNvidiaDriver(): boolean {
  return ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/usr/lib/wsl/lib/libcuda.so.1'].some((path) =>
    existsSync(path),
  )
}
