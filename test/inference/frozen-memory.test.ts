import { rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { applyLora } from '../../lib/adapters/apply.ts'
import { unloadLora } from '../../lib/adapters/merge.ts'
import { Predictor } from '../../lib/inference/predictor.ts'
import { emptyCache, memory } from '../../lib/memory.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import type { Model } from '../../lib/models/model.ts'
import { residentBytes } from '../checkpoint/support.ts'
import { tinyClassifier } from './models.ts'

const sequences = [[2, 7, 300, 9], [2, 5, 3], Array.from({ length: 40 }, (_, i) => 10 * i + 1)].map(
  (ids) => ({ ids: Int32Array.from(ids), typeIds: new Int32Array(ids.length) }),
)

async function loaded(): Promise<{ model: Model; file: string; folder: string }> {
  const folder = await tinyClassifier({ layers: 3, hiddenSize: 512 })
  onTestFinished(() => rm(folder, { recursive: true }))
  const model = await AutoModelForSequenceClassification.fromPretrained(folder)
  onTestFinished(() => model.dispose())
  return { model, file: join(folder, 'model.safetensors'), folder }
}

const bytesOf = (parameters: Iterable<[string, { shape: readonly number[] }]>) =>
  Array.from(parameters).reduce((sum, [, { shape }]) => sum + 4 * shape.reduce((n, size) => n * size, 1), 0)

describe('memory of a model', () => {
  it('is what a text touches: the encoder, and of the table its rows', async () => {
    const { model, file } = await loaded()
    expect(residentBytes(file)).toBe(0)
    const before = memory().liveBytes
    using predictor = new Predictor(model)
    await predictor.forward(sequences)
    expect(memory().liveBytes).toBe(before)
    const all = [...model.namedParameters()]
    const table = bytesOf(all.filter(([path]) => path.includes('word_embeddings')))
    expect(table).toBeGreaterThan(2 ** 19)
    // Pages around those of the encoder may be mapped with them.
    expect(residentBytes(file)).toBeLessThan(bytesOf(all) - table / 2)
  })

  it('is one copy once frozen, and the table stays in its file', async () => {
    const { model, file } = await loaded()
    using plain = new Predictor(model)
    const expected = await plain.forward(sequences)
    const all = bytesOf(model.namedParameters())
    const tables = bytesOf([...model.namedParameters()].filter(([path]) => /_embeddings\./.test(path)))
    emptyCache()
    const before = memory().liveBytes
    using predictor = await Predictor.frozen(model)
    const logits = await predictor.forward(sequences)
    for (const [i, value] of logits.entries())
      expect([...value].map((x, j) => Math.abs(x - expected[i]![j]!)).every((d) => d < 5e-5)).toBe(true)
    // Panels round each weight up to whole vectors.
    expect(memory().liveBytes - before).toBeLessThan(1.1 * (all - tables))
    expect(residentBytes(file)).toBeLessThan(2 ** 18)
  })

  it('gives back the base weights, bit for bit, after freezing with an adapter', async () => {
    const { model } = await loaded()
    const weights = async () =>
      Promise.all(Array.from(model.namedParameters(), async ([path, p]) => [path, await p.bytes()] as const))
    const before = await weights()
    applyLora(model, { r: 4 })
    ;(await Predictor.frozen(model)).dispose()
    unloadLora(model)
    for (const [i, [path, bytes]] of (await weights()).entries())
      expect(Buffer.from(bytes).equals(Buffer.from(before[i]![1])), path).toBe(true)
  })

  it('does not need the file to stay where it was, and says when it was written to', async () => {
    const { model, file, folder } = await loaded()
    using predictor = await Predictor.frozen(model)
    const expected = await predictor.forward(sequences)
    await model.savePretrained(folder) // writes beside and renames
    expect(await predictor.forward(sequences)).toEqual(expected)

    using again = await AutoModelForSequenceClassification.fromPretrained(folder)
    using plain = new Predictor(again)
    await plain.forward(sequences)
    await truncate(file, 100)
    await writeFile(file, Buffer.alloc(100))
    await expect(plain.forward(sequences)).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringContaining(`${file}: was written to`),
    })
    expect(await predictor.forward(sequences)).toEqual(expected)
  })
})
