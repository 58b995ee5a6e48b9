import { Random } from '../data/random.ts'
import { callOperator } from '../dispatch.ts'
import { compile } from '../program.ts'
import type { Tensor } from '../tensor.ts'

/**
 * What a batch's dropout follows from: the run's seed and the batch's place among all, whichever process runs it and
 * whatever ran there before. So a run goes on from a checkpoint on any number of ranks.
 * @param place epochs dealt out whole, and the batch's number in its epoch, from 0
 */
export function batchSeed(seed: number, { epoch, batch }: { epoch: number; batch: number }): number {
  // Negative streams: the sampler's orders take the others.
  const random = new Random(seed, -1 - (epoch * 2 ** 24 + batch))
  return random.uint32() * 2 ** 20 + (random.uint32() >>> 12)
}

/** Seeds libtorch's generators where programs run, between what was submitted before and after. @param seed int64 [] */
export const seedDropout = compile((seed: Tensor) => {
  callOperator('lora::manual_seed', seed)
  return null
})
