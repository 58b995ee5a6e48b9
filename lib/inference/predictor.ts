import { evaluationBatches, packBatch, padToBucket } from '../data/index.ts'
import { graphDevice } from '../device.ts'
import { overflowOf } from '../models/layer-watch.ts'
import type { Model } from '../models/model.ts'
import { type BatchTensors, batchOnDevice, batchTensors, disposeBatch } from '../nn/batch.ts'
import { inEvaluation } from '../nn/in-evaluation.ts'
import { type Compiled, compile, type GraphReport, type RunOptions } from '../program.ts'
import type { ModelInput } from '../tasks/task.ts'
import { type Device, Tensor } from '../tensor.ts'
import type { Encoding } from '../tokenizer/index.ts'
import { freezeModel } from './frozen-model.ts'
import type { TextModelOptions } from './options.ts'

/** How large batches are, and who is told how far they are. */
export interface PredictOptions extends RunOptions {
  /** Tokens a batch at most. Default 4096. */
  maxBatchTokens?: number | undefined
  /** Called after each batch with the number of examples done. */
  onProgress?: ((done: number) => void) | undefined
}

export interface PredictorOptions extends Pick<TextModelOptions, 'cudaGraphs'> {
  /** Called when the Predictor is disposed of. */
  dispose?: (() => void) | undefined
}

/**
 * Runs a classifier forward, dropout off and without autograd, as a program off the main thread. It follows its model:
 * after an adapter was applied, exchanged, merged or unloaded, the program is recorded again.
 */
export class Predictor {
  readonly #forward: Compiled<[BatchTensors], Tensor>
  readonly #rows: Compiled<[BatchTensors, Tensor], Tensor>
  readonly #hidden: Compiled<[BatchTensors], Tensor>
  readonly #release: () => void
  readonly #graphs: Device | undefined

  constructor(
    readonly model: Model,
    { dispose = () => {}, cudaGraphs = true }: PredictorOptions = {},
  ) {
    const { device } = model
    this.#graphs = graphDevice(device, cudaGraphs)
    const outputs = (given: BatchTensors, of: (batch: BatchTensors) => Tensor) => {
      const batch = device === 'cpu' ? given : batchOnDevice(given, device)
      const values = inEvaluation(model, () => of(batch)) // [rows, width]
      return values.to({ device: 'cpu', dtype: 'float32' })
    }
    this.#forward = compile((given: BatchTensors) => outputs(given, (batch) => model.forward(batch)), {
      graphs: this.#graphs,
      follows: model,
    })
    this.#rows = compile(
      (given: BatchTensors, rows: Tensor) =>
        outputs(given, (batch) => model.forward(batch, rows.to({ device }))),
      { follows: model },
    )
    this.#hidden = compile((given: BatchTensors) => outputs(given, (batch) => model.encoder.forward(batch)), {
      follows: model,
    })
    this.#release = dispose
  }

  /** Whether passes are replayed as CUDA graphs. */
  get capturesGraphs(): boolean {
    return this.#graphs !== undefined
  }

  /** Of passes that are replayed, for tests. */
  get graphReport(): GraphReport {
    return this.#forward.graphReport
  }

  /**
   * A Predictor with copies of the weights laid out for this processor and updates merged (`freezeModel`): a text
   * takes less time than with `new Predictor(model)`, and later changes to the weights are not seen.
   * @throws TorchLoraError OUT_OF_MEMORY, ABORTED
   */
  static async frozen(model: Model, options: RunOptions = {}): Promise<Predictor> {
    const frozen = await freezeModel(model, options)
    return new Predictor(frozen.model, { dispose: frozen.dispose })
  }

  /**
   * Outputs of one batch of texts, end to end in one pass.
   * @returns for each text its rows, one or as many as it has tokens or wants, times the width of the head (of hidden
   * states the encoder's); row-major
   * @throws TorchLoraError ABORTED, OUT_OF_MEMORY, NATIVE; DIVERGED naming the layer in which float16 overflowed
   */
  async forward(sequences: readonly ModelInput[], { signal }: RunOptions = {}): Promise<Float32Array[]> {
    const { positions, config, head } = this.model
    const packed = packBatch(sequences, { positions, tables: config })
    const { hidden = false } = sequences[0]!
    const wanted = wantedPlaces(sequences, packed.cuSeqlens)
    const plain = !hidden && wanted === null
    const batch = batchTensors(plain && this.#graphs ? padToBucket(packed, config) : packed)
    const rows = wanted && Tensor.from(Int32Array.from(wanted.flat()))
    try {
      using output = await (hidden
        ? this.#hidden.run([batch], { signal })
        : rows
          ? this.#rows.run([batch, rows], { signal })
          : this.#forward.run([batch], { signal }))
      const values = output.readSync() as Float32Array // already on the CPU
      const overflow = await overflowOf(this.model, values, batch)
      if (overflow) throw overflow
      const width = hidden ? config.hiddenSize : head.width
      let at = 0
      return sequences.map(({ ids }, b) => {
        const start = at
        at += (hidden ? ids.length : (wanted?.[b]?.length ?? head.rowsOf(ids.length))) * width
        return values.slice(start, at)
      })
    } finally {
      disposeBatch(batch)
      rows?.dispose()
    }
  }

  /**
   * Outputs of encoded texts, in order. Texts of like length share a batch, so nothing waits for the longest.
   * @returns as `forward`
   * @throws TorchLoraError ABORTED, OUT_OF_MEMORY, NATIVE
   */
  async outputs(encodings: readonly Encoding[], options: PredictOptions = {}): Promise<Float32Array[]> {
    const { maxBatchTokens = 4096, onProgress, signal } = options
    const outputs: Float32Array[] = new Array(encodings.length)
    const lengths = encodings.map(({ ids }) => ids.length)
    let done = 0
    for (const indices of evaluationBatches(lengths, { maxTokens: maxBatchTokens })) {
      const values = await this.forward(
        Array.from(indices, (i) => encodings[i]!),
        { signal },
      )
      for (const [row, i] of indices.entries()) outputs[i] = values[row]!
      done += indices.length
      onProgress?.(done)
    }
    return outputs
  }

  /** Frees the program and the weights that are its own; the model stays. */
  dispose(): void {
    for (const compiled of [this.#forward, this.#rows, this.#hidden]) compiled.dispose()
    this.#release()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** Of each text, the rows of the packed batch that it wants; null where texts want all. */
export function wantedPlaces(sequences: readonly ModelInput[], cuSeqlens: Int32Array): number[][] | null {
  if (!sequences[0]!.rows) return null
  return sequences.map(({ rows }, b) => rows!.map((t) => cuSeqlens[b]! + t))
}
