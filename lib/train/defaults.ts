/** What a run's settings are chosen from. */
export interface RunShape {
  examples: number
  /** Of the encoder. */
  hiddenSize: number
  /** Whether adapters train beside frozen weights, or the weights themselves. */
  adapters: boolean
  /** Whether the head starts from random numbers. */
  freshHead: boolean
  /** Batches added up to an update, of all ranks. */
  batchesPerUpdate: number
  /** What the caller has decided. */
  given: {
    epochs?: number | undefined
    batchSize?: number | undefined
    maxTokens?: number | undefined
    maxSteps?: number | undefined
    learningRate?: number | undefined
    headLearningRate?: number | undefined
  }
}

/** Settings that are chosen for a run where it was not given them. */
export interface ChosenSettings {
  epochs: number
  /** Undefined where a number of tokens limits batches. */
  batchSize?: number | undefined
  learningRate: number
  headLearningRate: number
}

/** Updates that a run should have at least: a fresh head and adapters that start at zero need about so many. */
const fewUpdates = 150
/** From so many on a head has time to find its place at the encoder's learning rate. */
const manyUpdates = 500
const freshHeadRate = 2e-3
const leastEpochs = 3
const mostEpochs = 20

/**
 * The settings that nobody has decided, by rule (docs/training.md has it in words):
 *
 * - **Batch**: 16, of up to 800 examples 8, of up to 64 examples 4. A small set learns by the number of updates.
 * - **Epochs**: 3, and of a small set as many as give 150 updates, up to 20. Beyond that repetition teaches nothing new;
 *   the best evaluation is kept, so that a few epochs too many cost time and no accuracy.
 * - **Learning rate**: for adapters 4e-4 at 768 hidden units, the LoRA paper's for RoBERTa-base (table 9), and inversely
 *   to the width: 3e-4 for a large, 2e-4 at 1,536, as the paper lowers it, 8e-4 for MiniLM. For full fine-tuning a
 *   twentieth, BERT's 2e-5 at 768.
 * - **Head**: the same, but a head that starts from random numbers in a run of fewer than 500 updates gets at least
 *   2e-3: at the encoder's rate it would hardly have moved when the run ends.
 */
export function chooseSettings(run: RunShape): ChosenSettings {
  const { examples, given } = run
  const usual = examples <= 64 ? 4 : examples <= 800 ? 8 : 16
  const batchSize = given.batchSize ?? (given.maxTokens === undefined ? usual : undefined)
  const updatesPerEpoch = Math.max(1, Math.ceil(examples / (batchSize ?? usual) / run.batchesPerUpdate))
  const least = given.maxSteps ?? fewUpdates
  const wanted = Math.ceil(least / updatesPerEpoch)
  const epochs =
    given.epochs ??
    (given.maxSteps === undefined ? Math.min(mostEpochs, Math.max(leastEpochs, wanted)) : wanted)
  const updates = Math.min(given.maxSteps ?? Number.POSITIVE_INFINITY, epochs * updatesPerEpoch)
  const wide = 768 / run.hiddenSize
  const learningRate = given.learningRate ?? roundRate((run.adapters ? 4e-4 : 2e-5) * wide)
  const head = run.freshHead && updates < manyUpdates ? Math.max(freshHeadRate, learningRate) : learningRate
  return { epochs, batchSize, learningRate, headLearningRate: given.headLearningRate ?? head }
}

/** One digit: a rule of thumb has no more. */
function roundRate(rate: number): number {
  return Number(rate.toPrecision(1))
}
