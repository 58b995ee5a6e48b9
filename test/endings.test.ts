import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

/** A short part of `npm run stress:endings`: every way to end twice. */
it('a process or worker that trains ends with the exit code that was asked for, at any moment', {
  timeout: 300_000,
}, async () => {
  const script = fileURLToPath(new URL('../scripts/stress/endings.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--tries', '18', '--seed', '7'])
  expect(stdout).toContain(': 0 with another exit code')
})
