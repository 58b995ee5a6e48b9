import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where libtorch, GLUE and models are kept, shared by all projects of this user: `$XDG_CACHE_HOME/torch-lora`. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'torch-lora')
}
