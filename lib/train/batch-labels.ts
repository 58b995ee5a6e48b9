import type { EncodedLabels } from '../data/index.ts'
import type { ProblemType } from '../models/config.ts'
import { Tensor } from '../tensor.ts'

/** What `SequenceClassifier.loss` compares a batch's logits with. */
export interface BatchLabels {
  labels: Tensor
  /** float32 [rows]: 1 for an example, 0 for padding; null where all count, or labels say which do. */
  weights: Tensor | null
}

/** cross_entropy_loss's ignore_index: what a sequence without a label has. */
const ignored = -100

/**
 * The labels of a batch's examples, and of the padding sequences behind them (`padToBucket`), which have no part in the
 * loss: value and gradients are those of the examples alone.
 * @param options.rows sequences with padding; default: as many as there are examples
 */
export function batchLabels(
  { values, shape }: EncodedLabels,
  indices: ArrayLike<number>,
  { problemType, device, rows = indices.length }: { problemType: ProblemType; device: string; rows?: number },
): BatchLabels {
  const width = shape.length === 2 ? shape[1]! : 1
  const classes = problemType === 'single_label_classification'
  const numbers: number[] = new Array(rows * width).fill(classes ? ignored : 0)
  for (let i = 0; i < indices.length; i++)
    for (let j = 0; j < width; j++) numbers[i * width + j] = values[indices[i]! * width + j]!
  const labels = Tensor.from(numbers, {
    dtype: classes ? 'int64' : 'float32',
    shape: shape.length === 2 ? [rows, width] : [rows],
    device,
  })
  if (classes || rows === indices.length) return { labels, weights: null }
  const weights = new Float32Array(rows).fill(1, 0, indices.length)
  return { labels, weights: Tensor.from(weights, { device }) }
}
