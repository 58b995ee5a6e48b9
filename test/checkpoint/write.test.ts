import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  readCheckpoint,
  readJson,
  type TensorSource,
  writeCheckpoint,
  writeJson,
  writeSafetensors,
} from '../../lib/checkpoint/index.ts'
import { FIXTURES, failure, readElements, temporaryFolder } from './support.ts'

const folder = await temporaryFolder()

async function sources(path: string): Promise<TensorSource[]> {
  const { entries } = await readCheckpoint(path)
  const list: TensorSource[] = []
  for (const entry of entries.values()) list.push({ ...entry, data: await readElements(entry) })
  return list
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
}

describe('writeSafetensors', () => {
  it.each([
    'checkpoints/views.safetensors',
    'models/deberta-v2/model.safetensors',
    'golden/bert-single.safetensors',
  ])('writes %s byte for byte as the safetensors library did, in any order and in pieces', async (name) => {
    const path = join(FIXTURES, name)
    const tensors = (await sources(path)).reverse()
    const out = join(folder, 'copy.safetensors')
    await writeSafetensors(
      out,
      tensors.map((tensor, index) =>
        index % 2 ? tensor : { ...tensor, data: inPieces(tensor.data as Uint8Array) },
      ),
    )
    expect((await readFile(out)).equals(await readFile(path))).toBe(true)
  })

  it('leaves the old file and nothing else behind when a tensor does not fit its shape', async () => {
    const target = await temporaryFolder()
    const path = join(target, 'model.safetensors')
    await writeFile(path, 'old')
    const short: TensorSource = { name: 'a', dtype: 'float32', shape: [2], data: new Uint8Array(7) }
    const error = await failure(writeSafetensors(path, [short]), 'INVALID_ARGUMENT')
    expect(error.message).toContain('7 of 8')
    await failure(
      writeSafetensors(path, [{ ...short, data: inPieces(new Uint8Array(9)) }]),
      'INVALID_ARGUMENT',
    )
    const good = { ...short, data: new Uint8Array(8) }
    await failure(writeSafetensors(path, [good, good]), 'INVALID_ARGUMENT')
    await failure(writeSafetensors(path, [{ ...good, shape: [-2] }]), 'INVALID_ARGUMENT')
    await expect(
      writeSafetensors(path, [
        good,
        {
          ...good,
          name: 'b',
          // biome-ignore lint/correctness/useYield: fails before its first piece
          data: (async function* () {
            throw new Error('the source failed')
          })(),
        },
      ]),
    ).rejects.toThrow('the source failed')
    expect(await readdir(target)).toEqual(['model.safetensors'])
    expect(await readFile(path, 'utf8')).toBe('old')
  })

  it('names a place that cannot be written', async () => {
    const file = join(folder, 'plain')
    await writeFile(file, '')
    const error = await failure(writeSafetensors(join(file, 'model.safetensors'), []), 'INVALID_FILE')
    expect(error.message).toContain('cannot be written')
    await mkdir(join(folder, 'taken'))
    await failure(writeSafetensors(join(folder, 'taken'), []), 'INVALID_FILE')
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
})

describe('writeCheckpoint', () => {
  it('cuts shards and writes their index as transformers does', async () => {
    const expected = join(FIXTURES, 'checkpoints/sharded')
    const tensors = await sources(join(FIXTURES, 'checkpoints/zip/pytorch_model.bin'))
    const out = await temporaryFolder()
    const written = await writeCheckpoint(out, tensors, { maxShardBytes: 20_000 })
    expect(written.sort()).toEqual((await readdir(expected)).filter((name) => name !== 'config.json').sort())
    for (const name of written) {
      expect((await readFile(join(out, name))).equals(await readFile(join(expected, name))), name).toBe(true)
    }
  })

  it('replaces the files of an earlier save, and only those', async () => {
    const out = await temporaryFolder()
    await writeFile(join(out, 'config.json'), '{}')
    await writeFile(join(out, 'model-notes.safetensors'), '')
    const tensors = await sources(join(FIXTURES, 'models/bert-multilabel'))
    await writeCheckpoint(out, tensors, { maxShardBytes: 20_000 })
    await writeCheckpoint(out, tensors)
    expect((await readdir(out)).sort()).toEqual([
      'config.json',
      'model-notes.safetensors',
      'model.safetensors',
    ])
    await writeCheckpoint(out, tensors, { maxShardBytes: 1 })
    expect(await readdir(out)).not.toContain('model.safetensors')
    expect((await readCheckpoint(out)).entries.size).toBe(tensors.length)
  })

  it('replaces nothing when one shard fails', async () => {
    const out = await temporaryFolder()
    const [first, ...rest] = await sources(join(FIXTURES, 'models/bert-multilabel'))
    await writeCheckpoint(out, [first!])
    const before = await readFile(join(out, 'model.safetensors'))
    const broken = { ...rest[0]!, data: new Uint8Array(1) }
    await failure(writeCheckpoint(out, [first!, broken], { maxShardBytes: 1 }), 'INVALID_ARGUMENT')
    expect(await readdir(out)).toEqual(['model.safetensors'])
    expect((await readFile(join(out, 'model.safetensors'))).equals(before)).toBe(true)
  })
})

describe('readJson', () => {
  const schema = z.looseObject({ hidden_size: z.int().positive(), model_type: z.string().default('bert') })

  it('reads what writeJson wrote, fills defaults, keeps unknown keys and takes a byte order mark', async () => {
    const path = join(folder, 'config.json')
    await writeJson(path, { hidden_size: 8, extra: [1] })
    expect(await readFile(path, 'utf8')).toBe('{\n  "hidden_size": 8,\n  "extra": [\n    1\n  ]\n}\n')
    expect(await readJson(path, schema)).toEqual({ hidden_size: 8, model_type: 'bert', extra: [1] })
    await writeFile(path, '\uFEFF{"hidden_size": 8}')
    expect((await readJson(path, schema)).hidden_size).toBe(8)
  })

  it('names the file and every bad key', async () => {
    const path = join(folder, 'bad.json')
    await writeFile(path, '{"hidden_size": -1, "model_type": 3}')
    const { message } = await failure(readJson(path, schema), 'INVALID_FILE')
    expect(message).toMatch(/bad\.json.*hidden_size.*model_type/)
    await writeFile(path, '[]')
    await failure(readJson(path, schema), 'INVALID_FILE')
    await writeFile(path, '{')
    expect((await failure(readJson(path, schema), 'INVALID_FILE')).message).toContain('not JSON')
    expect((await failure(readJson(join(folder, 'none.json'), schema), 'INVALID_FILE')).message).toContain(
      'no such',
    )
  })
})
