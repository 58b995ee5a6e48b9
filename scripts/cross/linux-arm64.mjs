import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What builds for Linux on arm64 from here: CMake's file, and the tools by their names on PATH. */
export const arm64 = {
  platform: 'linux-arm64',
  toolchain: fileURLToPath(new URL('linux-arm64.cmake', import.meta.url)),
  compiler: 'aarch64-linux-gnu-g++',
  strip: 'aarch64-linux-gnu-strip',
}

/**
 * libtorch for arm64 with its headers, from a cache of its own or the package index. PyPI's wheels for arm64 are CUDA
 * builds, of which the CPU's libraries stay and the two of NVIDIA's that they open.
 * @param {string} version a release, such as 2.13.0
 * @returns {Promise<string>} its folder
 */
export async function arm64Libtorch(version) {
  const { installWithProgress } = await import('../../dist/cli/libtorch-install.js')
  const home = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const { path } = await installWithProgress({
    version,
    headers: true,
    machine: { arch: 'arm64', glibc: '2.28' },
    cache: join(home, 'torch-lora', 'release-libtorch', 'linux-arm64'),
  })
  return path
}
