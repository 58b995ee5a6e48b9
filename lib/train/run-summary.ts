import { z } from 'zod'
import { methodNames } from '../adapters/method-names.ts'
import { evaluationSchema } from './checkpoint.ts'

/** What is read of a run's summary.json, which `torch-lora train` writes. */
export const runSummary = z.object({
  task: z.string().nullable(),
  method: z.enum(['full', ...methodNames]),
  trainableParameters: z.number(),
  optimizerStateBytes: z.number(),
  wallSeconds: z.number(),
  cpuSeconds: z.number(),
  trainSeconds: z.number(),
  examplesPerSecond: z.number(),
  peakResidentBytes: z.number(),
  bestMetric: z.string(),
  best: evaluationSchema.nullable(),
  /** When it ended, and on what it ran; runs from before these were kept have neither. */
  finished: z.string().optional(),
  machine: z.string().optional(),
  /** Of the frozen weights as they were loaded: what `auto` came to. Runs from before it was kept have none. */
  dtype: z.string().optional(),
  configuration: z.looseObject({
    model: z.string(),
    seed: z.number(),
    r: z.number().optional(),
    alpha: z.number().optional(),
    adapter: z.string().optional(),
    lr: z.number().optional(),
    dtype: z.string().optional(),
    baseDtype: z.string().optional(),
  }),
})
