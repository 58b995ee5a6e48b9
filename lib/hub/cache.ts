import { mkdir, readFile, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { getRepoFolderName } from '@huggingface/hub'
import { writeFileAtomically } from '../checkpoint/index.ts'

const COMMIT = /^[0-9a-f]{40}$/

/**
 * One model in the cache that all of Hugging Face's tools share: `blobs/` holds files by their hash, `snapshots/`
 * names them for each commit by links, `refs/` remembers which commit a branch was.
 *
 * Source: huggingface_hub, "Manage huggingface_hub cache-system"
 */
export class ModelCache {
  readonly folder: string

  constructor(cacheDir: string, id: string) {
    this.folder = join(cacheDir, getRepoFolderName({ type: 'model', name: id }))
  }

  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit)
  }

  blob(hash: string): string {
    return join(this.folder, 'blobs', hash)
  }

  async has(commit: string, name: string): Promise<boolean> {
    return exists(join(this.snapshot(commit), name))
  }

  async hasBlob(hash: string): Promise<boolean> {
    return exists(this.blob(hash))
  }

  /** Gives a blob its name in a snapshot. Relative, so that the cache may be moved. */
  async link(commit: string, name: string, hash: string): Promise<void> {
    const path = join(this.snapshot(commit), name)
    await mkdir(dirname(path), { recursive: true })
    const target = relative(dirname(path), this.blob(hash))
    for (let attempt = 0; ; attempt++) {
      try {
        return await symlink(target, path)
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 0) throw cause
        if (await exists(path)) return // another process was faster
        await rm(path, { force: true }) // a link to a blob that was removed
      }
    }
  }

  /** The commit that a revision was when it was last seen. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (COMMIT.test(revision)) return revision
    const text = await readFile(this.#ref(revision), 'utf8').catch(() => '')
    return COMMIT.test(text.trim()) ? text.trim() : undefined
  }

  async remember(revision: string, commit: string): Promise<void> {
    if (revision !== commit) await writeFileAtomically(this.#ref(revision), commit)
  }

  #ref(revision: string): string {
    return join(this.folder, 'refs', revision)
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
