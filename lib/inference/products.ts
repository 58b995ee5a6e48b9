import { packBatch } from '../data/index.ts'
import { noGrad } from '../grad-mode.ts'
import { type BatchTensors, batchTensors, disposeBatch } from '../models/batch.ts'
import type { SequenceClassifier } from '../models/classifier.ts'
import { type Linear, type LinearKernel, ownWeights, withLinearKernel } from '../nn/linear.ts'
import { compile } from '../program.ts'
import type { Tensor } from '../tensor.ts'

/** One product of a forward pass: Linears that are computed together on one input. */
export interface Product {
  layers: readonly Linear[]
  /** What a row of the input stands for; 'other' where the input does not follow the batch. */
  rows: 'token' | 'sequence' | 'other'
  /** Whether they are query, key and value of an attention of which only the first tokens' outputs are read. */
  firstTokens: boolean
}

/** The products that a model's forward pass computes, found by running it on a few tokens, off the main thread. */
export async function traceProducts(model: SequenceClassifier, signal?: AbortSignal): Promise<Product[]> {
  // 7 rows of tokens, 3 of sequences; DeBERTa's rows of positions are 9 (distances up to 4) or an even number.
  const lengths = [5, 1, 1]
  const sequences = lengths.map((n) => ({ ids: new Int32Array(n), typeIds: new Int32Array(n) }))
  const batch = batchTensors(packBatch(sequences, { positions: model.positions }), model.device)
  const groups: (readonly Linear[])[] = []
  const queries = new Set<Linear>()
  using forward = compile((given: BatchTensors) => {
    const inputs: Tensor[] = []
    const note: LinearKernel = {
      product(x, layers, options) {
        groups.push(layers)
        inputs.push(x)
        return ownWeights.product(x, layers, options)
      },
      firstTokenAttention({ layers }) {
        queries.add(layers[0])
        return null
      },
    }
    noGrad(() => withLinearKernel(note, () => model.forward(given)))
    return inputs
  })
  try {
    const inputs = await forward.run([batch], { signal })
    return inputs.map((input, i) => {
      const [count] = input.shape
      input.dispose()
      const layers = groups[i]!
      const rows = count === 7 ? 'token' : count === 3 ? 'sequence' : 'other'
      return { layers, rows, firstTokens: queries.has(layers[0]!) }
    })
  } finally {
    disposeBatch(batch)
  }
}
