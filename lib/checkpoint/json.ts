import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { writeFileAtomically } from './atomic.ts'
import { invalidFile, listProblems } from './entry.ts'

/**
 * Reads a JSON file and checks it against a zod schema; the schema's output, defaults filled in.
 *
 * @throws TorchLoraError INVALID_FILE when it is missing, not JSON, or does not fit, with every bad key at once
 */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const result = schema.safeParse(parse(path, await readText(path)))
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

async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    throw invalidFile(
      path,
      code === 'ENOENT' ? 'no such file' : `cannot be read (${code ?? String(cause)})`,
      cause,
    )
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalidFile(path, `is not JSON: ${(cause as Error).message}`, cause)
  }
}
