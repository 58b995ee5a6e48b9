import { describe, expect, it } from 'vitest'
import * as ops from '../../lib/generated/ops.ts'
import { batchTensors, sequenceMeans } from '../../lib/nn/batch.ts'
import { compile } from '../../lib/program.ts'
import { Tensor } from '../../lib/tensor.ts'

const ends = [0, 3, 3, 4, 9]
const batch = batchTensors({
  inputIds: new Int32Array(9),
  positionIds: new Int32Array(9),
  tokenTypeIds: new Int32Array(9),
  cuSeqlens: Int32Array.from(ends),
  maxSeqlen: 5,
})
const lengths = ends.slice(1).map((end, b) => end - ends[b]!)
const width = 2

describe('the mean of each sequence', () => {
  it('is that of its rows alone, and 0 where there are none', async () => {
    const rows = Tensor.randn([9, width], { dtype: 'float64' })
    const values = rows.readSync() as Float64Array
    const expected = lengths.flatMap((length, b) =>
      Array.from({ length: width }, (_, h) => {
        let sum = 0
        for (let t = ends[b]!; t < ends[b]! + length; t++) sum += values[t * width + h]!
        return length === 0 ? 0 : sum / length
      }),
    )
    const means = compile((x: Tensor) => sequenceMeans(x, batch))
    for (const found of [sequenceMeans(rows, batch), await means(rows)]) {
      expect(found.shape).toEqual([4, width])
      for (const [i, value] of [...(found.readSync() as Float64Array)].entries())
        expect(value).toBeCloseTo(expected[i]!, 12)
    }
  })

  it('gives each row its share of the gradient', () => {
    const rows = Tensor.randn([9, width], { dtype: 'float64' })
    rows.requiresGrad = true
    const weights = Tensor.randn([4, width], { dtype: 'float64' })
    ops.sum(ops.mul(sequenceMeans(rows, batch), weights)).backward()
    const gradient = rows.grad!.readSync() as Float64Array
    const weight = weights.readSync() as Float64Array
    for (const [b, length] of lengths.entries())
      for (let t = ends[b]!; t < ends[b]! + length; t++)
        for (let h = 0; h < width; h++)
          expect(gradient[t * width + h]).toBeCloseTo(weight[b * width + h]! / length, 12)
  })
})
