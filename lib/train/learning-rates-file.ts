import { z } from 'zod'

const point = z.object({ learningRate: z.number(), loss: z.number() })

/** An update of a search for the learning rate. */
export interface RatePoint {
  learningRate: number
  /** Mean over the update's batches, before it. */
  loss: number
}

/** What `RUN/learning-rates.json` holds: a search for the learning rate, and what came of it. */
export const learningRatesFile = z.object({
  learningRate: z.number().nullable(),
  headLearningRate: z.number().nullable(),
  points: z.array(point),
})

export type LearningRatesFile = z.infer<typeof learningRatesFile>
