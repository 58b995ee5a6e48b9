import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { z } from 'zod'
import { atPath, readJson, writeJson } from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'

const name = 'checksums.json'
const schema = z.object({ crc32: z.record(z.string(), z.string()) })

/** Writes `checksums.json`, the CRC-32 of files beside it. @throws TorchLoraError INVALID_FILE */
export async function writeChecksums(folder: string, files: readonly string[]): Promise<void> {
  const sums = await Promise.all(
    files.map(async (file) => [file, await checksumOf(join(folder, file))] as const),
  )
  await writeJson(join(folder, name), { crc32: Object.fromEntries(sums) })
}

/**
 * Reads the files again and compares.
 * @throws TorchLoraError INVALID_FILE naming the first file that is missing or not what was written
 */
export async function verifyChecksums(folder: string, files: readonly string[]): Promise<void> {
  const { crc32: sums } = await readJson(join(folder, name), schema)
  for (const file of files) {
    const path = join(folder, file)
    const found = await checksumOf(path)
    if (Object.hasOwn(sums, file) && sums[file] === found) continue
    throw new TorchLoraError(
      'INVALID_FILE',
      `${path} is damaged: its checksum is ${found}, not ${sums[file]}`,
      {
        file: path,
      },
    )
  }
}

/** Eight hexadecimal digits. Read in pieces, which take a fraction of a millisecond each. */
function checksumOf(path: string): Promise<string> {
  return atPath(path, async () => {
    let sum = 0
    for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 }))
      sum = crc32(piece as Buffer, sum)
    return sum.toString(16).padStart(8, '0')
  })
}
