import type { Example } from 'torch-lora'

/** What every program is given: a folder with a base model, rows to learn from, and a folder to write to. */
export interface Given {
  base: string
  rows: readonly Example[]
  out: string
}

/** How the programs train: small, and fast to learn. */
export const training = { epochs: 2, batchSize: 8, learningRate: 1e-2 } as const
