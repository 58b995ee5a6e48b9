import * as ops from '../generated/ops.ts'
import { normalizeRows } from '../heads/sentence.ts'
import type { Tensor } from '../tensor.ts'
import type { Targets } from './task.ts'

/**
 * Losses of vectors of texts, as sentence-transformers forms them (losses/*.py).
 * - `multiple-negatives-ranking`: of all positives and negatives of the batch, an anchor's is the positive
 *   (Henderson et al., 2017)
 * - `triplet`: the negative is further than the positive by a margin (Schroff et al., 2015)
 * - `cosent`: pairs are ordered as their scores are (Su, 2022)
 * - `cosine`: the cosine is the score
 */
export type SentenceLoss = 'multiple-negatives-ranking' | 'triplet' | 'cosent' | 'cosine'

export const sentenceLosses: readonly SentenceLoss[] = [
  'multiple-negatives-ranking',
  'triplet',
  'cosent',
  'cosine',
]

/** Whether a loss compares scored pairs. */
export const isScored = (loss: SentenceLoss): boolean => loss === 'cosent' || loss === 'cosine'

/** The loss of examples with scores, or without, where none is named. */
export const defaultLoss = (scored: boolean): SentenceLoss =>
  scored ? 'cosent' : 'multiple-negatives-ranking'

/** What similarities are multiplied by: 1 over a temperature of 0.05. */
const scale = 20
/** Of triplets, in Euclidean distance. */
const margin = 5

/** @param vectors [S, W] of all texts of a batch @param targets the rows of [S, W] that play each part, int64 [B] */
export function sentenceLoss(loss: SentenceLoss, vectors: Tensor, targets: Targets): Tensor {
  const part = (name: string) => ops.indexSelect(vectors, 0, targets[name]!) // [B, W]
  switch (loss) {
    case 'multiple-negatives-ranking': {
      const anchors = normalizeRows(part('anchors')) // [B, W]
      const candidates = normalizeRows(part('candidates')) // [C, W]
      const scores = ops.mul(ops.matmul(anchors, ops.t(candidates)), scale) // [B, C]
      return ops.crossEntropyLoss(scores, targets.labels!)
    }
    case 'triplet': {
      const [anchors, positives, negatives] = [part('anchors'), part('positives'), part('negatives')]
      const near = ops.pairwiseDistance(anchors, positives) // [B]
      const far = ops.pairwiseDistance(anchors, negatives) // [B]
      return ops.mean(ops.relu(ops.add(ops.sub(near, far), margin)))
    }
    case 'cosent': {
      const cosines = ops.mul(cosine(part('first'), part('second')), scale) // [B]
      const scores = targets.scores! // [B]
      const differences = ops.sub(ops.unsqueeze(cosines, 1), ops.unsqueeze(cosines, 0)) // [B, B]
      const ordered = ops.lt(ops.unsqueeze(scores, 1), ops.unsqueeze(scores, 0)).to({ dtype: 'float32' }) // [B, B]
      const kept = ops.sub(differences, ops.mul(ops.rsub(ordered, 1), 1e12)) // [B, B]
      const flat = ops.view(kept, [-1]) // [B * B]
      const zero = ops.mul(ops.slice(cosines.detach(), { start: 0, end: 1 }), 0) // [1]
      return ops.logsumexp(ops.cat([zero, flat], { dim: 0 }), [0])
    }
    case 'cosine':
      return ops.mseLoss(cosine(part('first'), part('second')), targets.scores!)
  }
}

/** A loss of the first `dimensions` of each vector, added up over several (Kusupati et al., 2022). */
export function matryoshkaLoss(
  loss: SentenceLoss,
  vectors: Tensor,
  { targets, dimensions }: { targets: Targets; dimensions: readonly number[] },
): Tensor {
  return dimensions
    .map((size) => {
      const cut = ops.slice(vectors, { dim: 1, start: 0, end: size }) // [S, size]
      return sentenceLoss(loss, normalizeRows(cut), targets)
    })
    .reduce((sum, one) => ops.add(sum, one))
}

/** The cosine of rows: [B, W], [B, W] -> [B] */
function cosine(a: Tensor, b: Tensor): Tensor {
  return ops.sum(ops.mul(normalizeRows(a), normalizeRows(b)), [1])
}
