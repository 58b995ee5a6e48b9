import { readdir, realpath, stat } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { TorchLoraError } from '../errors.ts'
import { httpError } from './requests.ts'

/** The folder from which requests may load adapters, symbolic links resolved. */
export class AdapterRoot {
  private constructor(private readonly path: string) {}

  /** @throws TorchLoraError INVALID_ARGUMENT when there is no such folder */
  static async open(folder: string): Promise<AdapterRoot> {
    const path = await realpath(folder).catch(() => null)
    if (path !== null && (await stat(path)).isDirectory()) return new AdapterRoot(path)
    throw new TorchLoraError('INVALID_ARGUMENT', `\`adapterRoot\`: ${folder} is no folder.`, { file: folder })
  }

  /**
   * The path of an adapter below the root, wherever links lead: neither it nor a file in it is outside.
   * @throws 403 for a path outside, 422 for one that is not there
   */
  async resolve(source: string): Promise<string> {
    const path = await this.#inside(resolve(this.path, source), source)
    let names: string[]
    try {
      names = (await stat(path)).isDirectory() ? await readdir(path) : []
    } catch (cause) {
      throw httpError(422, `${source} cannot be read (${(cause as NodeJS.ErrnoException).code}).`)
    }
    for (const name of names) await this.#inside(join(path, name), join(source, name))
    return path
  }

  async #inside(path: string, source: string): Promise<string> {
    // What leads out of the root by its name alone says nothing of what is there.
    if (!path.startsWith(this.path + sep)) throw outside()
    let real: string
    try {
      real = await realpath(path)
    } catch {
      throw httpError(422, `${source} is not there.`)
    }
    if (real.startsWith(this.path + sep)) return real
    throw outside()
  }
}

function outside(): Error {
  return httpError(403, 'source must be a folder below the adapter root, without links that lead out of it.')
}
