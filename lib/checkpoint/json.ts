import type { z } from 'zod'
import { writeFileAtomically } from './atomic.ts'
import { invalidFile, listProblems } from './entry.ts'
import { readWhole } from './file.ts'

/** Far more than any configuration, recipe or index of shards takes. */
const MAX_JSON_BYTES = 16 * 2 ** 20

/** Far deeper than any of them nests; what walks over values recurses. */
const MAX_JSON_DEPTH = 64

/**
 * Reads a JSON file and checks it against a zod schema; the schema's output, defaults filled in.
 *
 * @throws TorchLoraError INVALID_FILE when it is missing, larger than `maxBytes` (16 MiB), not JSON in UTF-8, nested
 *   deeper than 64, or does not fit, with every bad key at once
 */
export async function readJson<T>(
  path: string,
  schema: z.ZodType<T>,
  { maxBytes = MAX_JSON_BYTES }: { maxBytes?: number | undefined } = {},
): Promise<T> {
  const bytes = await readWhole(path, { maxBytes })
  const result = schema.safeParse(parseJson(path, bytes))
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path: keys, message }) =>
    keys.length === 0 ? message : `${keys.join('.')}: ${message}`,
  )
  throw invalidFile(path, listProblems(problems))
}

/** Writes JSON as Python's `json.dump(indent=2)` does, a newline at the end, in one atomic step. */
export function writeJson(path: string, value: unknown): Promise<void> {
  return writeFileAtomically(path, `${JSON.stringify(value, null, 2)}\n`)
}

function parseJson(path: string, bytes: Buffer): unknown {
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes) // drops a byte-order mark
    value = JSON.parse(text)
  } catch (cause) {
    throw invalidFile(path, `is not JSON in UTF-8: ${(cause as Error).message}`, cause)
  }
  const depth = depthOf(text)
  if (depth > MAX_JSON_DEPTH)
    throw invalidFile(path, `nests ${depth} deep, at most ${MAX_JSON_DEPTH} are read`)
  return value
}

/** How deep the objects and arrays of a JSON text nest. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (quoted) {
      if (char === 0x5c)
        at++ // a backslash: what follows is no end
      else if (char === 0x22) quoted = false
    } else if (char === 0x22) quoted = true
    else if (char === 0x7b || char === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (char === 0x7d || char === 0x5d) depth--
  }
  return deepest
}
