import { LayerStack } from '../encoders/layer-stack.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { type BatchTensors, batchOnDevice } from '../nn/batch.ts'
import { inEvaluation } from '../nn/in-evaluation.ts'
import { compile } from '../program.ts'
import type { Tensor } from '../tensor.ts'
import { PretrainedModel } from './pretrained-model.ts'

/**
 * Watches where a float16 model overflows: of what the embeddings and each layer give, a sum in float32, which no number
 * of float16's can take out of range. The first sum that is no number names the layer.
 */
export class LayerWatch {
  readonly #model: PretrainedModel
  readonly #stack: LayerStack
  /** By layer, as the last pass met them; a layer may act several times. */
  readonly #paths: string[] = []

  private constructor(model: PretrainedModel, stack: LayerStack) {
    this.#model = model
    this.#stack = stack
  }

  /** A watch over a float16 model; null for anything else, which has float32's range. */
  static of(model: object): LayerWatch | null {
    if (!(model instanceof PretrainedModel) || model.dtype !== 'float16') return null
    for (const [, module] of model.namedModules())
      if (module instanceof LayerStack) return new LayerWatch(model, module)
    return null
  }

  /** Runs a forward pass, with the sums of its layers: float32 [layers + 1]. */
  pass<R>(body: () => R): { result: R; sums: Tensor } {
    const sums: Tensor[] = []
    this.#paths.length = 0
    const paths = new Map(
      Array.from(this.#model.namedModules(), ([path, module]) => [module as unknown, path]),
    )
    this.#stack.watch = (hidden, layer) => {
      sums.push(noGrad(() => ops.sum(hidden, { dtype: 'float32' })))
      this.#paths.push(paths.get(layer) ?? '')
    }
    try {
      const result = body()
      return { result, sums: noGrad(() => ops.stack(sums)) }
    } finally {
      this.#stack.watch = undefined
    }
  }

  /** What of a pass overflowed first; undefined where all sums are numbers. */
  where(sums: ArrayLike<number>): string | undefined {
    const first = Array.from(sums).findIndex((sum) => !Number.isFinite(sum))
    if (first < 0) return undefined
    return first === 0 ? 'the embeddings' : `layer ${first} of ${sums.length - 1} (${this.#paths[first]})`
  }
}

/** What to say of an overflow, and what is to be done. */
export function explainOverflow(where: string): string {
  return `float16 overflowed in ${where}: its largest number is 65,504. Load the model with dtype 'bfloat16', which has float32's range in as many bits, or with 'float32'.`
}

/**
 * Outputs of a float16 model that are no numbers, as an error that says which layer overflowed; null where all are
 * numbers, or the model is none of float16.
 * @param batch that gave them
 */
export async function overflowOf(
  model: PretrainedModel,
  outputs: Float32Array | Float64Array,
  batch: BatchTensors,
): Promise<TorchLoraError | null> {
  if (model.dtype !== 'float16' || outputs.every((value) => Number.isFinite(value))) return null
  const watch = LayerWatch.of(model)
  let where: string | undefined
  if (watch) {
    using pass = compile((given: BatchTensors) =>
      inEvaluation(model, () => {
        const at = batchOnDevice(given, model.device)
        return watch.pass(() => model.encoder.forward(at)).sums.to({ device: 'cpu' })
      }),
    )
    using sums = await pass(batch)
    where = watch.where(sums.readSync() as Float32Array)
  }
  return new TorchLoraError('DIVERGED', explainOverflow(where ?? 'the head, or what an adapter adds'))
}
