import { execFileSync } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readJson } from '../../lib/checkpoint/index.ts'
import { failure, temporaryFolder } from './support.ts'

const folder = await temporaryFolder()
const path = join(folder, 'config.json')
const anything = z.looseObject({})

async function refusal(content: string | Buffer): Promise<string> {
  await writeFile(path, content)
  const { message, file } = await failure(readJson(path, anything), 'INVALID_FILE')
  expect(file).toBe(path)
  expect(message.length).toBeLessThan(1000)
  return message
}

describe('readJson', () => {
  it('takes a byte-order mark, and brackets within strings', async () => {
    const value = { text: `${'['.repeat(100)}"\\` }
    await writeFile(path, `\uFEFF${JSON.stringify(value)}`)
    expect(await readJson(path, anything)).toEqual(value)
  })

  it('refuses what nests too deep for whatever walks over it', async () => {
    expect(await refusal(`${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}`)).toMatch(
      /nests 100000 deep, at most 64/,
    )
    expect(await refusal(`${'['.repeat(65)}${']'.repeat(65)}`)).toMatch(/nests 65 deep/)
  })

  it('refuses what is not JSON, not UTF-8, or not an object', async () => {
    expect(await refusal('')).toMatch(/is not JSON/)
    expect(await refusal('{"a":')).toMatch(/is not JSON/)
    expect(await refusal(Buffer.from([0x7b, 0xff, 0x7d]))).toMatch(/is not JSON in UTF-8/)
    expect(await refusal('null')).toMatch(/expected object/)
  })

  it('refuses a file larger than any configuration', async () => {
    expect(await refusal(Buffer.alloc(17 * 2 ** 20, ' '))).toMatch(/has 17825792 bytes, at most 16777216/)
  })

  it('names a file that is missing, a folder, a pipe, or closed to this user', async () => {
    const says = async (file: string) => (await failure(readJson(file, anything), 'INVALID_FILE')).message
    expect(await says(join(folder, 'nowhere.json'))).toMatch(/nowhere\.json: no such file/)
    await mkdir(join(folder, 'folder.json'))
    expect(await says(join(folder, 'folder.json'))).toMatch(/expected a file, found a folder or a device/)
    execFileSync('mkfifo', [join(folder, 'pipe.json')])
    expect(await says(join(folder, 'pipe.json'))).toMatch(/expected a file/)
    await chmod(path, 0)
    if (process.getuid?.() !== 0) expect(await says(path)).toMatch(/no permission/)
  })
})
