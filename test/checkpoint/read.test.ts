import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type CheckpointIndex, elementCount, readCheckpoint } from '../../lib/checkpoint/index.ts'
import { FIXTURES, failure, readElements, temporaryFolder } from './support.ts'

const folder = await temporaryFolder()
const checkpoints = join(FIXTURES, 'checkpoints')

async function expectSameTensors(actual: CheckpointIndex, expected: CheckpointIndex): Promise<void> {
  expect([...actual.entries.keys()].sort()).toEqual([...expected.entries.keys()].sort())
  for (const [name, entry] of expected.entries) {
    const found = actual.entries.get(name)!
    expect({ name, dtype: found.dtype, shape: found.shape }).toEqual({
      name,
      dtype: entry.dtype,
      shape: entry.shape,
    })
    expect(await readElements(found), name).toEqual(await readElements(entry))
  }
}

describe('readCheckpoint', () => {
  it('finds every parameter of a model folder', async () => {
    const manifest = JSON.parse(await readFile(join(FIXTURES, 'manifest.json'), 'utf8'))
    for (const [name, { parameters }] of Object.entries<{ parameters: number }>(manifest.models)) {
      const { entries, metadata } = await readCheckpoint(join(FIXTURES, 'models', name))
      const total = [...entries.values()].reduce((sum, { shape }) => sum + elementCount(shape)!, 0)
      expect({ name, total, metadata }).toEqual({ name, total: parameters, metadata: { format: 'pt' } })
    }
  })

  it.each(['zip', 'legacy', 'sharded'])('reads the same weights from the container %s', async (name) => {
    const expected = await readCheckpoint(join(FIXTURES, 'models/bert-multilabel'))
    await expectSameTensors(await readCheckpoint(join(checkpoints, name)), expected)
  })

  it('reads sharded torch.save files, zip and legacy', async () => {
    const all = await readCheckpoint(join(FIXTURES, 'models/bert-multilabel'))
    const some = new Map([...all.entries].filter(([name]) => /^(bert\.pooler|classifier)\./.test(name)))
    expect(some.size).toBe(4)
    await expectSameTensors(await readCheckpoint(join(checkpoints, 'sharded-bin')), {
      entries: some,
      metadata: {},
    })
  })

  it.each(['views.zip.bin', 'views.legacy.bin', 'views.protocol4.bin'])(
    'reads views, shared storages and every dtype of %s',
    async (name) => {
      const actual = await readCheckpoint(join(checkpoints, name))
      await expectSameTensors(actual, await readCheckpoint(join(checkpoints, 'views.safetensors')))
      const whole = actual.entries.get('whole')!
      const transposed = actual.entries.get('transposed')!
      expect(transposed.strides).toEqual([1, 8])
      expect(transposed.byteOffset).toBe(whole.byteOffset)
      expect(actual.entries.get('window')!.byteOffset).toBe(whole.byteOffset + 4 * (8 + 2))
    },
  )

  it('reads loralib files', async () => {
    const adapter = join(FIXTURES, 'adapters/roberta-single--qv-r4/adapter_model.safetensors')
    const { entries } = await readCheckpoint(adapter)
    const renamed = [...entries].map(([key, entry]) => {
      const name = key.replace('base_model.model.', '').replace(/(lora_[AB])\.weight$/, '$1')
      return [name, entry] as const
    })
    const actual = await readCheckpoint(join(checkpoints, 'loralib-roberta-single.bin'))
    await expectSameTensors(actual, { entries: new Map(renamed), metadata: {} })
  })

  it('tells the format by content where the name does not', async () => {
    const copy = join(folder, 'weights.bin')
    await cp(join(checkpoints, 'views.safetensors'), copy)
    expect((await readCheckpoint(copy)).entries.size).toBe(17)
  })

  it('names what is missing', async () => {
    expect((await failure(readCheckpoint(join(folder, 'nowhere')), 'INVALID_FILE')).message).toContain(
      'nowhere',
    )
    const empty = await temporaryFolder()
    expect((await failure(readCheckpoint(empty), 'INVALID_FILE')).message).toMatch(
      /model\.safetensors.*pytorch_model/,
    )
  })

  it('explains a Git LFS pointer and a file that is something else', async () => {
    const pointer = join(folder, 'model.safetensors')
    await writeFile(pointer, 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n')
    expect((await failure(readCheckpoint(pointer), 'INVALID_FILE')).message).toContain('git lfs pull')
    const text = join(folder, 'notes.bin')
    await writeFile(text, 'hello')
    await failure(readCheckpoint(text), 'INVALID_FILE')
    await writeFile(text, '')
    await failure(readCheckpoint(text), 'INVALID_FILE')
  })

  it('refuses a shard index that lies', async () => {
    const sharded = join(folder, 'sharded')
    await cp(join(checkpoints, 'sharded'), sharded, { recursive: true })
    const path = join(sharded, 'model.safetensors.index.json')
    const index = JSON.parse(await readFile(path, 'utf8'))
    const rewrite = (weightMap: unknown) =>
      writeFile(path, JSON.stringify({ ...index, weight_map: weightMap }))

    await rewrite({ ...index.weight_map, ghost: 'model-00001-of-00003.safetensors' })
    expect((await failure(readCheckpoint(sharded), 'INVALID_FILE')).message).toContain('ghost')
    for (const odd of [
      '.',
      '',
      '..',
      ' ',
      '/',
      'a/b.bin',
      'a\\b.bin',
      'a\0.bin',
      '.bin',
      'model.safetensors.index.json',
      'config.json',
    ]) {
      await rewrite({ ...index.weight_map, 'classifier.bias': odd })
      const { message } = await failure(readCheckpoint(sharded), 'INVALID_FILE')
      expect(message).toContain('not files of weights beside it')
    }
    await mkdir(join(sharded, 'folder.bin'))
    await rewrite({ ...index.weight_map, 'classifier.bias': 'folder.bin' })
    expect((await failure(readCheckpoint(sharded), 'INVALID_FILE')).message).toContain('expected a file')
    await rewrite({})
    expect((await failure(readCheckpoint(sharded), 'INVALID_FILE')).message).toContain('names no tensor')
    await rewrite({ ...index.weight_map, 'classifier.bias': '../../etc/passwd' })
    expect((await failure(readCheckpoint(sharded), 'INVALID_FILE')).message).toContain('passwd')
    await rewrite({ ...index.weight_map, 'classifier.bias': 'model-00009-of-00009.safetensors' })
    expect((await failure(readCheckpoint(sharded), 'INVALID_FILE')).message).toContain('no such file')
    await rewrite({ a: 3, b: null })
    expect((await failure(readCheckpoint(sharded), 'INVALID_FILE')).message).toMatch(
      /weight_map\.a.*weight_map\.b/,
    )
    await writeFile(path, '{"weight_map":')
    expect((await failure(readCheckpoint(sharded), 'INVALID_FILE')).message).toContain('not JSON')
  })
})

const shared = process.env.TORCH_LORA_SHARED ?? resolve(import.meta.dirname, '../../../shared')
const mnli = join(shared, 'data/adapters/roberta-base-lora-mnli/roberta_base_lora_mnli.bin')

describe.skipIf(!existsSync(mnli))(`the published MNLI adapter (skipped without ${mnli})`, () => {
  it('has its 52 tensors and 887,811 parameters', async () => {
    const { entries } = await readCheckpoint(mnli)
    expect(entries.size).toBe(52)
    expect([...entries.values()].reduce((sum, { shape }) => sum + elementCount(shape)!, 0)).toBe(887_811)
    expect(entries.get('roberta.encoder.layer.0.attention.self.query.lora_A')).toMatchObject({
      dtype: 'float32',
      shape: [8, 768],
      strides: [768, 1],
    })
    const head = await readElements(entries.get('classifier.out_proj.bias')!)
    const values = [0, 4, 8].map((at) => head.readFloatLE(at))
    expect(values.every((value) => Number.isFinite(value) && Math.abs(value) < 1)).toBe(true)
  })
})
