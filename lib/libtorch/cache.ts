import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from '../cache-folder.ts'
import type { Libtorch } from './inspect.ts'
import { inspectLibtorch } from './inspect.ts'
import { newestFirst } from './versions.ts'

/** Where installs live, shared by all projects of this user: `$XDG_CACHE_HOME/torch-lora/libtorch`. */
export function libtorchCache(environment: NodeJS.ProcessEnv = process.env): string {
  return join(cacheFolder(environment), 'libtorch')
}

/** Names of finished installs are versions, `2.13.0+cpu`; anything unfinished starts with a dot. */
export function installFolders(cache: string): string[] {
  if (!existsSync(cache)) return []
  return readdirSync(cache, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^\d/.test(entry.name))
    .map((entry) => join(cache, entry.name))
}

/** The installs that are whole, in any version. A broken one is mended by installing again; doctor tells of it. */
export function wholeInstalls(cache: string): Libtorch[] {
  return installFolders(cache).flatMap((folder) => {
    try {
      return [inspectLibtorch(folder)]
    } catch {
      return []
    }
  })
}

/**
 * The install to use: one built with CUDA where an NVIDIA driver is, one without where none is, then the newest.
 * Installs that are broken or not accepted are passed over.
 */
export function cachedLibtorch(
  cache: string,
  options: { driver: boolean; accept: (version: string) => boolean },
): Libtorch | undefined {
  const suits = (libtorch: Libtorch) => Number(libtorch.cuda === options.driver)
  return wholeInstalls(cache)
    .filter(({ version }) => options.accept(version))
    .sort((a, b) => suits(b) - suits(a) || newestFirst(a.version, b.version))[0]
}
