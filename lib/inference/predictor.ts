import { evaluationBatches, packBatch } from '../data/index.ts'
import { noGrad } from '../grad-mode.ts'
import { type BatchTensors, batchTensors, disposeBatch } from '../models/batch.ts'
import type { SequenceClassifier } from '../models/classifier.ts'
import { type Compiled, compile, type RunOptions } from '../program.ts'
import type { Tensor } from '../tensor.ts'
import type { Encoding } from '../tokenizer/index.ts'

export interface PredictOptions extends RunOptions {
  /** Tokens a batch at most. Default 4096. */
  maxBatchTokens?: number
  /** Called after each batch with the number of examples done. */
  onProgress?: (done: number) => void
}

/**
 * Runs a classifier forward, dropout off and without autograd, as a program off the main thread. The model's
 * parameters are captured: a merge or a loaded adapter needs another Predictor.
 */
export class Predictor {
  readonly #forward: Compiled<[BatchTensors], Tensor>

  constructor(readonly model: SequenceClassifier) {
    this.#forward = compile((batch: BatchTensors) =>
      inEvaluation(model, () => noGrad(() => model.forward(batch))),
    )
  }

  /**
   * Logits of encoded texts, in order. Texts of like length share a batch, so nothing waits for the longest.
   * @returns float32 [n, labels], row-major
   * @throws TorchLoraError ABORTED, OUT_OF_MEMORY, NATIVE
   */
  async logits(encodings: readonly Encoding[], options: PredictOptions = {}): Promise<Float32Array> {
    const { maxBatchTokens = 4096, onProgress, signal } = options
    const { device } = this.model
    const width = this.model.config.labels.length
    const logits = new Float32Array(encodings.length * width)
    const lengths = encodings.map(({ ids }) => ids.length)
    let done = 0
    for (const indices of evaluationBatches(lengths, { maxTokens: maxBatchTokens })) {
      const packed = packBatch(
        Array.from(indices, (i) => encodings[i]!),
        { positions: this.model.positions },
      )
      const batch = batchTensors(packed, device)
      try {
        const output = await this.#forward.run([batch], { signal })
        const values = (await output.read()) as Float32Array
        output.dispose()
        for (const [row, i] of indices.entries()) {
          logits.set(values.subarray(row * width, (row + 1) * width), i * width)
        }
      } finally {
        disposeBatch(batch)
      }
      done += indices.length
      onProgress?.(done)
    }
    return logits
  }

  /** Frees the program; the model stays. */
  dispose(): void {
    this.#forward.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** Records `body` with dropout off, whatever mode the model is in. */
function inEvaluation<T>(model: SequenceClassifier, body: () => T): T {
  const { training } = model
  model.eval()
  try {
    return body()
  } finally {
    if (training) model.train()
  }
}
