import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { AutoModel } from '../lib/index.ts'

it('a message that quotes a file at length keeps its beginning and its end', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'errors-'))
  const config = join(folder, 'config.json')
  await writeFile(config, JSON.stringify({ model_type: Array.from({ length: 100_000 }, (_, i) => i) }))
  const error = await AutoModel.fromPretrained(folder).catch((thrown: Error) => thrown)
  expect(error).toMatchObject({ name: 'TorchLoraError', code: 'UNSUPPORTED' })
  const { message } = error as Error
  expect(message).toMatch(
    /config\.json: model_type is \[0,1,2,.* \d+ characters more .*99999\]; supported: bert/,
  )
  expect(message.length).toBeLessThan(7_100)
})
