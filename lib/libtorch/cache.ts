import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Libtorch } from './inspect.ts'
import { inspectLibtorch } from './inspect.ts'
import { isSupported, newestFirst } from './versions.ts'

/** Where installs live, shared by all projects of this user: `$XDG_CACHE_HOME/torch-lora/libtorch`. */
export function libtorchCache(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'torch-lora', 'libtorch')
}

/** Names of finished installs are versions, `2.13.0+cpu`; anything unfinished starts with a dot. */
export function installFolders(cache: string): string[] {
  if (!existsSync(cache)) return []
  return readdirSync(cache, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^\d/.test(entry.name))
    .map((entry) => join(cache, entry.name))
}

/**
 * The install to use: one built with CUDA where an NVIDIA driver is, one without where none is, then the newest.
 * Installs that are broken or outside the supported range are passed over.
 */
export function cachedLibtorch(cache: string, options: { driver: boolean }): Libtorch | undefined {
  const installs: Libtorch[] = []
  for (const folder of installFolders(cache)) {
    try {
      const libtorch = inspectLibtorch(folder)
      if (isSupported(libtorch.version)) installs.push(libtorch)
    } catch {
      // Not whole: `torch-lora libtorch install` mends it, `torch-lora doctor` tells of it.
    }
  }
  return installs.sort(
    (a, b) =>
      Number(b.cuda === options.driver) - Number(a.cuda === options.driver) ||
      newestFirst(a.version, b.version),
  )[0]
}
