import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readCheckpoint, readSafetensors } from '../../lib/checkpoint/index.ts'
import { FIXTURES, failure, temporaryFolder } from './support.ts'

const folder = await temporaryFolder()
let files = 0

async function fileOf(header: unknown, data = 0): Promise<string> {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  const path = join(folder, `${files++}.safetensors`)
  await writeFile(path, Buffer.concat([length, json, Buffer.alloc(data)]))
  return path
}

const tensor = (
  begin: number,
  end: number,
  shape: unknown = [(end - begin) / 4],
  dtype: unknown = 'F32',
) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})

describe('readSafetensors', () => {
  it('reads names that are special in JavaScript, empty tensors and scalars', async () => {
    const header = `{"__proto__":${JSON.stringify(tensor(0, 4))},"constructor":${JSON.stringify(tensor(4, 4))},"s":${JSON.stringify(tensor(4, 8, []))}}   `
    const { entries } = await readSafetensors(await fileOf(header, 8))
    expect([...entries.keys()]).toEqual(['__proto__', 'constructor', 's'])
    expect(entries.get('constructor')).toMatchObject({ shape: [0], byteLength: 0 })
    expect(entries.get('s')).toMatchObject({ shape: [], strides: [], byteLength: 4 })
  })

  it('takes an empty file of tensors', async () => {
    expect((await readSafetensors(await fileOf({}))).entries.size).toBe(0)
  })

  it('takes metadata that is null, as the safetensors library does', async () => {
    const { entries, metadata } = await readSafetensors(
      await fileOf({ __metadata__: null, a: tensor(0, 4) }, 4),
    )
    expect([[...entries.keys()], metadata]).toEqual([['a'], {}])
  })

  it('refuses a header out of all proportion in no time, the bytes being there', async () => {
    const one = JSON.stringify(tensor(0, 0, [0]))
    const header = `{${Array.from({ length: 200_000 }, (_, i) => `"t${i}":${one}`).join(',')}}`
    const began = performance.now()
    const error = await failure(readSafetensors(await fileOf(header)), 'INVALID_FILE')
    expect(error.message).toMatch(/claims \d+ bytes, at most/)
    expect(performance.now() - began).toBeLessThan(1000)
  })

  const lies: [what: string, header: unknown, data: number, says: RegExp][] = [
    ['a hole', { a: tensor(0, 4), b: tensor(8, 12) }, 12, /4 unused bytes before tensor "b"/],
    ['a hole at the start', { a: tensor(4, 8) }, 8, /4 unused bytes before tensor "a"/],
    ['an overlap', { a: tensor(0, 8), b: tensor(4, 12) }, 12, /"b" overlaps.*4 bytes/],
    ['two tensors in one place', { a: tensor(0, 4), b: tensor(0, 4) }, 4, /"b" overlaps/],
    ['bytes after the last tensor', { a: tensor(0, 4) }, 5, /1 bytes after the last tensor/],
    ['tensors beyond the end', { a: tensor(0, 400) }, 4, /end at byte \d+.*truncated/],
    ['a size unlike its shape', { a: tensor(0, 8, [3]) }, 8, /"a".*\[0,8\].*takes 12 bytes/],
    ['offsets backwards', { a: tensor(8, 4, [1]) }, 8, /"a".*\[8,4\]/],
    ['a negative offset', { a: tensor(-4, 0, [1]) }, 4, /"a".*data_offsets/],
    ['a fractional offset', { a: tensor(0.5, 4.5, [1]) }, 8, /"a".*data_offsets/],
    ['an offset beyond 2^53', { a: tensor(0, 2 ** 60, [2 ** 58]) }, 8, /"a".*data_offsets|"a".*shape/],
    ['a negative size', { a: tensor(0, 4, [-1]) }, 4, /"a".*shape/],
    ['a size that overflows', { a: tensor(0, 4, [2 ** 40, 2 ** 40]) }, 4, /"a".*overflows/],
    ['a shape of a million ones', { a: tensor(0, 4, Array(1e6).fill(1)) }, 4, /"a" has 1000000 dimensions/],
    ['a shape that is none', { a: tensor(0, 4, 'x') }, 4, /"a".*shape/],
    ['no dtype', { a: tensor(0, 4, [1], null) }, 4, /"a".*dtype/],
    ['an unknown dtype', { a: tensor(0, 4, [1], 'toString') }, 4, /"a".*unknown dtype "toString"/],
    ['a tensor that is none', { a: 7 }, 0, /"a" is not an object/],
    ['metadata that is none', { __metadata__: { a: 1 } }, 0, /__metadata__/],
    ['a header that is a list', [1], 0, /JSON object/],
    ['a header that starts with a space', ' {}', 0, /starts with "\{"/],
    ['a header that is not JSON', '{"a":', 0, /not JSON/],
    [
      'a name twice',
      `{"a":${JSON.stringify(tensor(0, 4))},"\\u0061":${JSON.stringify(tensor(4, 8))}}`,
      8,
      /twice: "a"/,
    ],
    [
      'a field twice',
      '{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}',
      4,
      /twice: "dtype"/,
    ],
  ]
  it.each(lies)('refuses %s', async (_, header, data, says) => {
    const path = await fileOf(header, data)
    const error = await failure(readSafetensors(path), 'INVALID_FILE')
    expect(error.message).toMatch(says)
    expect(error.message).toContain(path)
    expect(error.file).toBe(path)
  })

  it('names every bad tensor at once, hostile names cut short', async () => {
    const long = 'x'.repeat(100_000)
    const error = await failure(readSafetensors(await fileOf({ a: 1, b: 2, [long]: 3 })), 'INVALID_FILE')
    expect(error.message).toMatch(/"a".*"b".*"xxx/)
    expect(error.message.length).toBeLessThan(1000)
  })

  it('refuses a header length that lies', async () => {
    const path = join(folder, 'length.safetensors')
    const claim = async (length: bigint, rest = '{}') => {
      const head = Buffer.alloc(8)
      head.writeBigUInt64LE(length)
      await writeFile(path, Buffer.concat([head, Buffer.from(rest)]))
      return (await failure(readSafetensors(path), 'INVALID_FILE')).message
    }
    expect(await claim(3n)).toContain('truncated')
    expect(await claim(100_000_001n)).toContain('at most 8388608')
    expect(await claim(2n ** 64n - 1n)).toContain('at most')
    expect(await claim(0n, '')).toContain('not JSON')
    await writeFile(path, 'short')
    expect((await failure(readSafetensors(path), 'INVALID_FILE')).message).toContain('5 bytes')
  })

  it('says so when a dtype is known but not supported', async () => {
    const error = await failure(
      readSafetensors(await fileOf({ a: tensor(0, 4, [4], 'F8_E4M3') }, 4)),
      'UNSUPPORTED',
    )
    expect(error.message).toMatch(/"a".*F8_E4M3.*F32/)
  })

  it('refuses a real file cut anywhere', async () => {
    const whole = await readFile(join(FIXTURES, 'checkpoints/views.safetensors'))
    const path = join(folder, 'cut.safetensors')
    for (const length of [0, 7, 8, 100, whole.length - 200, whole.length - 1]) {
      await writeFile(path, whole.subarray(0, length))
      await failure(readCheckpoint(path), 'INVALID_FILE')
    }
  })
})
