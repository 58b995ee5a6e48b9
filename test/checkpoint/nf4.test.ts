import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  dequantize,
  mapTensors,
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
  const levels = Float32Array.from({ length: 16 }, (_, i) => (i - 8) / 8)
  const absmax = Float32Array.from({ length: 16 }, (_, i) => 0.25 + i)
  const codes = Uint8Array.from({ length: 512 }, (_, i) => (i * 37) % 256)
  const state = { quant_type: 'nf4', blocksize: 64, dtype: 'float32', shape: [32, 32] }
  const json = Buffer.from(JSON.stringify(state))
  const bytes = (values: Float32Array) => Buffer.from(values.buffer)
  await writeSafetensors(join(directory, 'model.safetensors'), [
    ...sources.filter(({ name }) => name !== path),
    { name: path, dtype: 'uint8', shape: [512, 1], data: codes },
    { name: `${path}.absmax`, dtype: 'float32', shape: [16], data: bytes(absmax) },
    { name: `${path}.quant_map`, dtype: 'float32', shape: [16], data: bytes(levels) },
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
