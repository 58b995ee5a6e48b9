import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  dequantize,
  mapTensors,
  nf4Levels,
  readCheckpoint,
  type TensorSource,
  withQuantized,
  writeSafetensors,
} from '../../lib/checkpoint/index.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { withoutQuantization } from '../../lib/models/quantization-config.ts'
import { tinyModel } from '../train/tiny.ts'
import { FIXTURES, failure, readElements, temporaryFolder } from './support.ts'

const file = join(FIXTURES, 'checkpoints', 'nf4.safetensors')
const folder = await temporaryFolder()
const bytesOf = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)

it('gives the weights that bitsandbytes gives, to the bit', async () => {
  const { entries } = withQuantized(await readCheckpoint(file))
  const names = ['nested', 'plain', 'many']
  expect([...entries.keys()].sort()).toEqual(
    names.flatMap((name) => [`${name}.expected`, `${name}.weight`]).sort(),
  )
  for (const name of names) {
    const { shape, nf4 } = entries.get(`${name}.weight`)!
    const expected = mapTensors([entries.get(`${name}.expected`)!]).get(`${name}.expected`)!
    const found = dequantize(nf4!)
    expect(shape).toEqual(expected.shape)
    expect([found.shape, found.dtype]).toEqual([expected.shape, expected.dtype])
    expect(found.readSync()).toEqual(expected.readSync())
  }
})

it('leaves a checkpoint without them as it is', async () => {
  const index = await readCheckpoint(file)
  const entries = new Map([...index.entries].filter(([name]) => !name.includes('quant_state')))
  const plain = { ...index, entries }
  expect(withQuantized(plain)).toBe(plain)
})

it.each([
  [
    'a shape that lies',
    '"shape": [96, 64]',
    '"shape": [96, 65]',
    /expected 3120 codes of uint8 for \[96, 65\]/,
  ],
  [
    'a block size that lies',
    '"blocksize": 64',
    '"blocksize": 32',
    /expected 1040 absmax of uint8 for .* in blocks of 32, found 520/,
  ],
  ['an unknown type', '"dtype": "bfloat16"', '"dtype": "complex8"', /quant_state.*dtype/s],
  ['no JSON', '"shape": [96, 64]', '"shape": [96, 64[', /expected JSON/],
  ['blocks of nothing', '"blocksize": 64', '"blocksize": 00', /expected JSON/],
  ['blocks of no size', '"blocksize": 64', '"blocksize":  0', /blocksize/],
  ['a shape of no rows', '"shape": [96, 64]', '"shape": [ 0, 64]', /shape/],
  ['a shape with one dimension too many', '"shape": [96, 64]', '"shape": [6,16,4', /expected JSON|shape/],
  ['a state of other codes than the name has', '"quant_type": "nf4"', '"quant_type": "fp4"', /quant_type/],
  ['an offset below zero', '"nested_offset": 0.0530', '"nested_offset": -.0530', /expected JSON/],
  ['an offset below nothing', '"nested_offset": 0.0530', '"nested_offset": -0.530', /nested_offset/],
  [
    'an offset that no number holds',
    '"nested_offset": 0.053009',
    '"nested_offset": 1e999999',
    /nested_offset/,
  ],
  ['an offset that is missing', '"nested_offset"', '"nested_offsex"', /nested_blocksize and nested_offset/],
  [
    'scales of scales that nothing tells of',
    '"nested_blocksize": 256',
    '"nestex_blocksize": 256',
    /nested_blocksize and nested_offset/,
  ],
])('refuses %s', async (_, from, to, message) => {
  const bytes = await readFile(file)
  const at = bytes.indexOf(Buffer.from(from))
  expect(at).toBeGreaterThan(0)
  bytes.write(to, at)
  const path = join(folder, 'broken.safetensors')
  await writeFile(path, bytes)
  const index = await readCheckpoint(path)
  const error = await failure(
    Promise.resolve().then(() => withQuantized(index)),
    'INVALID_FILE',
  )
  expect(error.message).toMatch(message)
})

/** The fixture's index with other bytes in a tensor, from an element on. */
async function altered(name: string, at: number, value: number) {
  const bytes = await readFile(file)
  const { byteOffset, dtype } = (await readCheckpoint(file)).entries.get(name)!
  if (dtype === 'uint8') bytes.writeUInt8(value, byteOffset + at)
  else bytes.writeFloatLE(value, byteOffset + 4 * at)
  const path = join(folder, 'altered.safetensors')
  await writeFile(path, bytes)
  return readCheckpoint(path)
}

it.each([
  ['plain.weight.absmax', 3, -1, /plain\.weight: absmax\[3\] is -1, expected the largest magnitude/],
  ['plain.weight.absmax', 23, Number.NaN, /absmax\[23\] is NaN/],
  ['plain.weight.absmax', 0, Number.POSITIVE_INFINITY, /absmax\[0\] is Infinity.* what float32 holds/],
  ['plain.weight.quant_map', 0, -0.5, /quant_map\[0\] is -0\.5, expected -1, as the table of nf4/],
  ['nested.weight.quant_map', 7, Number.NaN, /quant_map\[7\] is NaN, expected 0/],
  ['nested.weight.nested_quant_map', 9, 2, /nested_quant_map\[9\] is 2, expected a number from -1 to 1/],
  ['many.weight.nested_quant_map', 255, Number.NaN, /nested_quant_map\[255\] is NaN/],
  ['many.weight.nested_absmax', 2, -1e-3, /nested_absmax\[2\] is -0\.001/],
  ['many.weight.nested_absmax', 1, 1e6, /nested_absmax\[1\] is 1000000.* what float16 holds/],
  ['many.weight.nested_absmax', 1, 6e4, /absmax\[\d+\] is -/],
  ['nested.weight.nested_absmax', 0, Number.NaN, /nested_absmax\[0\] is NaN/],
])('refuses numbers that no weight has: %s [%i] is %d', async (name, at, value, message) => {
  const index = await altered(name, at, value)
  const error = await failure(
    Promise.resolve().then(() => withQuantized(index)),
    'INVALID_FILE',
  )
  expect(error.message).toMatch(message)
})

it('takes the scale of a block of zeros, which its code may put a little below zero, and none far below', async () => {
  const name = 'nested.weight.nested_quant_map'
  const table = mapTensors([(await readCheckpoint(file)).entries.get(name)!]).get(name)!
  const levels = table.readSync() as Float32Array
  const state = { quant_type: 'nf4', blocksize: 64, dtype: 'float32', shape: [2, 64] }
  const json = Buffer.from(JSON.stringify({ ...state, nested_blocksize: 256, nested_offset: 0.05 }))
  const path = join(folder, 'zeros.safetensors')
  const withScale = async (code: number) => {
    await writeSafetensors(path, [
      { name: 'w', dtype: 'uint8', shape: [64, 1], data: new Uint8Array(64).fill(0x0f) },
      { name: 'w.absmax', dtype: 'uint8', shape: [2], data: Uint8Array.of(code, 255) },
      { name: 'w.quant_map', dtype: 'float32', shape: [16], data: bytesOf(nf4Levels as Float32Array) },
      { name: 'w.nested_absmax', dtype: 'float32', shape: [1], data: bytesOf(Float32Array.of(0.1)) },
      { name: 'w.nested_quant_map', dtype: 'float32', shape: [256], data: bytesOf(levels) },
      { name: 'w.quant_state.bitsandbytes__nf4', dtype: 'uint8', shape: [json.length], data: json },
    ])
    return withQuantized(await readCheckpoint(path))
  }
  const below = levels.findLastIndex((level) => level * 0.1 + 0.05 < 0)
  const values = dequantize((await withScale(below)).entries.get('w')!.nf4!).readSync() as Float32Array
  const scale = levels[below]! * 0.1 + 0.05
  expect(scale).toBeLessThan(0)
  for (const [i, level] of [-1, 1].entries()) expect(values[i]).toBeCloseTo(level * scale, 7)
  const error = await failure(withScale(below - 2), 'INVALID_FILE')
  expect(error.message).toMatch(/w: absmax\[0\] is -0\.00\d+, expected the largest magnitude/)
})

it('refuses codes that it cannot read, and parts that are missing', async () => {
  const index = await readCheckpoint(file)
  const renamed = new Map(
    [...index.entries].map(([name, entry]) => [
      name.replace('bitsandbytes__nf4', 'bitsandbytes__fp4'),
      entry,
    ]),
  )
  const fp4 = await failure(
    Promise.resolve().then(() => withQuantized({ ...index, entries: renamed })),
    'UNSUPPORTED',
  )
  expect(fp4.message).toMatch(/fp4 codes; of 4-bit codes nf4/)
  const without = new Map([...index.entries].filter(([name]) => name !== 'many.weight.nested_absmax'))
  const error = await failure(
    Promise.resolve().then(() => withQuantized({ ...index, entries: without })),
    'INVALID_FILE',
  )
  expect(error.message).toMatch(/nested_absmax .* found none/)
  const stray = new Map(index.entries)
  const { shape } = index.entries.get('plain.weight.absmax')!
  stray.set('plain.weight.nested_absmax', {
    ...index.entries.get('plain.weight.absmax')!,
    name: 'plain.weight.nested_absmax',
    shape,
  })
  const unsaid = await failure(
    Promise.resolve().then(() => withQuantized({ ...index, entries: stray })),
    'INVALID_FILE',
  )
  expect(unsaid.message).toMatch(
    /plain\.weight: nested_absmax is there, and its quant_state has no nested_blocksize/,
  )
  for (const part of ['absmax', 'quant_map']) {
    const lacking = new Map([...index.entries].filter(([name]) => name !== `plain.weight.${part}`))
    const missing = await failure(
      Promise.resolve().then(() => withQuantized({ ...index, entries: lacking })),
      'INVALID_FILE',
    )
    expect(missing.message).toMatch(new RegExp(`${part} .* found none`))
    const entry = index.entries.get(`plain.weight.${part}`)!
    const short = new Map(index.entries).set(`plain.weight.${part}`, {
      ...entry,
      shape: [entry.shape[0]! - 1],
    })
    const cut = await failure(
      Promise.resolve().then(() => withQuantized({ ...index, entries: short })),
      'INVALID_FILE',
    )
    expect(cut.message).toMatch(
      new RegExp(`expected ${entry.shape[0]} ${part} of float32 .* found ${entry.shape[0]! - 1}`),
    )
  }
})

it('a configuration says no longer that the weights are quantized, and another quantization is refused', () => {
  const said = { quant_method: 'bitsandbytes', load_in_4bit: true, bnb_4bit_quant_type: 'nf4' }
  expect(withoutQuantization({ hidden_size: 4, quantization_config: said }, 'config.json')).toEqual({
    hidden_size: 4,
  })
  expect(() =>
    withoutQuantization({ quantization_config: { quant_method: 'gptq', bits: 4 } }, 'config.json'),
  ).toThrow(/config.json: quantization_config is .*gptq.*bitsandbytes in 4 bits/)
})

it('loads a model whose weights are codes in part, as what they stand for, and saves it plain', async () => {
  const directory = await tinyModel()
  const path = 'bert.encoder.layer.0.attention.self.query.weight' // [32, 32]
  const sources = await Promise.all(
    [...(await readCheckpoint(directory)).entries.values()].map(
      async (entry): Promise<TensorSource> => ({ ...entry, data: await readElements(entry) }),
    ),
  )
  const levels = nf4Levels as Float32Array
  const absmax = Float32Array.from({ length: 16 }, (_, i) => 0.25 + i)
  const codes = Uint8Array.from({ length: 512 }, (_, i) => (i * 37) % 256)
  const state = { quant_type: 'nf4', blocksize: 64, dtype: 'float32', shape: [32, 32] }
  const json = Buffer.from(JSON.stringify(state))
  await writeSafetensors(join(directory, 'model.safetensors'), [
    ...sources.filter(({ name }) => name !== path),
    { name: path, dtype: 'uint8', shape: [512, 1], data: codes },
    { name: `${path}.absmax`, dtype: 'float32', shape: [16], data: bytesOf(absmax) },
    { name: `${path}.quant_map`, dtype: 'float32', shape: [16], data: bytesOf(levels) },
    { name: `${path}.quant_state.bitsandbytes__nf4`, dtype: 'uint8', shape: [json.length], data: json },
  ])
  const config = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')) as object
  const said = { quant_method: 'bitsandbytes', load_in_4bit: true, bnb_4bit_quant_type: 'nf4' }
  await writeFile(join(directory, 'config.json'), JSON.stringify({ ...config, quantization_config: said }))

  const expected = Float32Array.from({ length: 1024 }, (_, i) => {
    const byte = codes[i >> 1]!
    return levels[i % 2 === 0 ? byte >> 4 : byte & 15]! * absmax[i >> 6]!
  })
  using model = await AutoModelForSequenceClassification.fromPretrained(directory, { device: 'cpu' })
  const weight = new Map(model.namedParameters()).get(path)!
  expect([weight.shape, weight.dtype]).toEqual([[32, 32], 'float32'])
  expect(weight.readSync()).toEqual(expected)

  const saved = await temporaryFolder()
  await model.savePretrained(saved)
  expect(await readFile(join(saved, 'config.json'), 'utf8')).not.toContain('quantization_config')
  expect((await readCheckpoint(saved)).entries.get(path)).toMatchObject({ dtype: 'float32', shape: [32, 32] })
})
