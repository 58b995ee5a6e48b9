import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { cacheFolder } from '../../lib/cache-folder.ts'
import { tickets } from './tickets.ts'

/** Where `npm run quickstart` puts the encoder that it gets. */
const encoder = join(cacheFolder(), 'models', 'all-MiniLM-L6-v2')
const root = new URL('../..', import.meta.url).pathname

/** The README's train.ts: but for where the library and the base model are, word for word. */
async function trainScript(): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const script = /```ts\n(\/\/ train\.ts.*?)```/s.exec(readme)![1]!
  expect(script).toContain("from 'torch-lora'")
  expect(script).toContain("const base = 'roberta-base'")
  return script
    .replace("from 'torch-lora'", `from ${JSON.stringify(join(root, 'lib/index.ts'))}`)
    .replace("'roberta-base'", JSON.stringify(encoder))
}

describe.skipIf(!existsSync(encoder))("the README's train.ts learns from little data", () => {
  it.each([
    [200, 0.95],
    [40, 0.8],
  ])('%d easy rows of three classes', { timeout: 600_000 }, async (rows, least) => {
    const folder = await mkdtemp(join(tmpdir(), 'readme-'))
    const lines = (examples: object[]) => examples.map((example) => `${JSON.stringify(example)}\n`).join('')
    await writeFile(join(folder, 'train.jsonl'), lines(tickets(rows, 1)))
    await writeFile(join(folder, 'dev.jsonl'), lines(tickets(60, 2)))
    await writeFile(join(folder, 'train.mts'), await trainScript())
    // A tokenizer that is not closed would keep the script alive.
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), 'train.mts'],
      { cwd: folder },
    )
    const accuracies = Array.from(stdout.matchAll(/accuracy: ([\d.]+)/g), ([, value]) => Number(value))
    expect(accuracies.length).toBeGreaterThan(2)
    expect(Math.max(...accuracies)).toBeGreaterThanOrEqual(least)
    expect(stderr).not.toMatch(/too short|majority/)
    expect(existsSync(join(folder, 'support-classifier', 'model.safetensors'))).toBe(true)
  })
})
