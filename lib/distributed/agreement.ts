import { createHash } from 'node:crypto'
import { TorchLoraError } from '../errors.ts'
import { allGatherBytes } from './collectives.ts'
import { currentWorld } from './world.ts'

/**
 * What every rank must be alike in, compared before ranks depend on it. Values are JSON; a long one is compared and
 * shown by its digest.
 * @throws TorchLoraError INCOMPATIBLE on every rank, naming each rank that differs from rank 0, and in which fields;
 * DISTRIBUTED
 */
export async function agree(fields: Readonly<Record<string, unknown>>): Promise<void> {
  if (currentWorld().worldSize === 1) return
  const own = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, shown(value)]))
  const all = (await allGatherBytes(Buffer.from(JSON.stringify(own)))).map(
    (bytes) => JSON.parse(Buffer.from(bytes).toString()) as Record<string, string>,
  )
  const first = all[0]!
  const differences = all.flatMap((other, rank) => {
    const names = [...new Set([...Object.keys(first), ...Object.keys(other)])]
    return names
      .filter((name) => first[name] !== other[name])
      .map((name) => `rank ${rank} has ${name} ${other[name]}, rank 0 has ${first[name]}`)
  })
  if (differences.length === 0) return
  const most = 8
  const more = differences.length > most ? `; and ${differences.length - most} more differences` : ''
  throw new TorchLoraError(
    'INCOMPATIBLE',
    `The ranks are not of one run: ${differences.slice(0, most).join('; ')}${more}. Start every rank with the same command, files and versions.`,
  )
}

/** JSON with its keys in order, or its digest where that is long. */
function shown(value: unknown): string {
  const text =
    JSON.stringify(value, (_, inner) =>
      inner !== null && typeof inner === 'object' && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? 'nothing'
  return text.length <= 80 ? text : `sha256 ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
}
