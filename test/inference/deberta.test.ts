import { describe, expect, it } from 'vitest'
import { loadAdapter } from '../../lib/adapters/adapter.ts'
import { linearPaths, productsOf } from '../../lib/inference/frozen-model.ts'
import { Predictor } from '../../lib/inference/predictor.ts'
import { readServedAdapter } from '../../lib/inference/served-adapter.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { fixtures, golden } from '../models/golden.ts'

const load = (name: string) => AutoModelForSequenceClassification.fromPretrained(`${fixtures}models/${name}`)

describe('DeBERTa in inference', () => {
  it('knows the products of positions from those of tokens', async () => {
    using model = await load('deberta-v3')
    const products = productsOf(model)
    // One layer: query, key and value; the same on positions; then each of the other Linears alone.
    expect(products.map(({ rows }) => rows)).toEqual(['token', 'position', ...Array(5).fill('token')])
    const [tokens, positions] = products
    expect(positions!.layers).toEqual([tokens!.layers[1], tokens!.layers[0]])
    expect(new Set(products.flatMap(({ layers }) => layers)).size).toBe(linearPaths(model).size)
  })

  it.each(['deberta-v2', 'deberta-v3', 'deberta-separate'])(
    'gives the logits of %s from packed weights',
    async (name) => {
      using model = await load(name)
      await loadAdapter(model, `${fixtures}adapters/${name}--qv-r4`)
      const reference = await golden(`${name}--qv-r4`)
      const [ids, types, ends] = ['input_ids', 'token_type_ids', 'cu_seqlens'].map((key) =>
        Int32Array.from(reference.get(key)!.readSync(), Number),
      )
      const sequences = Array.from({ length: ends!.length - 1 }, (_, b) => ({
        ids: ids!.slice(ends![b], ends![b + 1]),
        typeIds: types!.slice(ends![b], ends![b + 1]),
      }))
      using predictor = await Predictor.frozen(model)
      const logits = (await predictor.forward(sequences)).flatMap((row) => [...row])
      const expected = reference.get('logits')!.readSync() as Float32Array
      expect(logits.length).toBe(expected.length)
      for (const [i, value] of logits.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5)
      // The same recording serves batches of any shape: positions in reach follow the longest sequence.
      const width = logits.length / sequences.length
      for (const [b, sequence] of sequences.entries()) {
        const [alone] = await predictor.forward([sequence])
        for (const [i, value] of alone!.entries())
          expect(Math.abs(value - expected[b * width + i]!)).toBeLessThan(1e-5)
      }
    },
  )

  it('refuses to mix adapters that move positions, which texts of one batch share', async () => {
    using model = await load('deberta-v3')
    await expect(readServedAdapter(model, `${fixtures}adapters/deberta-v3--qv-r4`)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('query_proj'),
    })
  })
})
