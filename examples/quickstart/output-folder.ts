import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { TorchLoraError } from '../../lib/index.ts'

/** The file that tells the output of an earlier quickstart from other people's folders. */
export const resultFile = 'quickstart.json'

/**
 * Refuses a folder that holds something else than an earlier quickstart: it will be replaced.
 * @throws TorchLoraError INVALID_ARGUMENT
 */
export async function checkOutputFolder(folder: string): Promise<void> {
  if (!existsSync(folder)) return
  const isFolder = (await stat(folder)).isDirectory()
  if (isFolder && (existsSync(join(folder, resultFile)) || (await readdir(folder)).length === 0)) return
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `${folder} holds other things than an earlier quickstart, which this one would replace: give another folder with --out.`,
  )
}

/**
 * Fills a folder beside `folder` and puts it in its place, so that what is there is always one whole run: the new one,
 * or the old one where `fill` fails.
 */
export async function replaceFolder(folder: string, fill: (staging: string) => Promise<void>): Promise<void> {
  const target = resolve(folder)
  const staging = join(dirname(target), `.${basename(target)}.${process.pid}`)
  const old = `${staging}.old`
  try {
    await mkdir(staging, { recursive: true })
    await fill(staging)
    const replacing = existsSync(target)
    if (replacing) await rename(target, old)
    try {
      await rename(staging, target)
    } catch (cause) {
      if (replacing) await rename(old, target)
      throw cause
    }
    await rm(old, { recursive: true, force: true })
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}
