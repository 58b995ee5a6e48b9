import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { TorchLoraError } from '../errors.ts'
import { allGatherBytes, barrier } from './collectives.ts'
import { currentWorld } from './world.ts'

/**
 * Makes sure that every rank sees what rank 0 writes to a folder: checkpoints are written by one and read by all.
 * @throws TorchLoraError INCOMPATIBLE on every rank, naming those that do not; DISTRIBUTED
 */
export async function requireSharedFolder(folder: string): Promise<void> {
  const { rank, worldSize } = currentWorld()
  if (worldSize === 1) return
  const names = await allGatherBytes(Buffer.from(`.shared-${randomUUID()}`))
  const mark = join(folder, Buffer.from(names[0]!).toString())
  if (rank === 0) {
    await mkdir(folder, { recursive: true })
    await writeFile(mark, '')
  }
  await barrier()
  const answers = await allGatherBytes(Buffer.from(existsSync(mark) ? '' : `rank ${rank} on ${hostname()}`))
  if (rank === 0) await rm(mark, { force: true })
  const blind = answers.filter(({ length }) => length > 0).map((answer) => Buffer.from(answer).toString())
  if (blind.length === 0) return
  throw new TorchLoraError(
    'INCOMPATIBLE',
    `The ranks do not share the folder ${folder}: what rank 0 writes there is not seen by ${blind.slice(0, 8).join(', ')}. Checkpoints need a folder that every machine mounts at this path; give one as outputDir (--out).`,
    { file: folder },
  )
}
