import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Linear } from '../../lib/nn/linear.ts'
import { Module } from '../../lib/nn/module.ts'

const page = new URL('../../docs/your-own.md', import.meta.url)

class Saved extends Module {
  inner = new Linear(2, 16)
  outer = new Linear(16, 1)
}

it('the model of docs/your-own.md trains as it stands there, and is saved', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'your-own-'))
  const [, block] = /^```ts\n([\s\S]*?)^```/m.exec(await readFile(page, 'utf8'))!
  const program = join(folder, 'program.ts')
  await writeFile(program, `${block}\nexport { best, model }\n`)
  const before = process.cwd()
  process.chdir(folder)
  try {
    const { best, model } = await import(program)
    // x y over the square has a mean magnitude of 0.25.
    expect(best.metrics.closeness).toBeGreaterThan(-0.05)
    using saved = new Saved()
    await saved.load('network.safetensors')
    expect(saved.inner.weight.toArray()).toEqual(model.inner.weight.toArray())
  } finally {
    process.chdir(before)
  }
})
