import { packBatch } from '../data/index.ts'
import { callOperator } from '../dispatch.ts'
import * as fused from '../generated/fused.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { type BatchTensors, batchTensors, disposeBatch } from '../models/batch.ts'
import type { SequenceClassifier } from '../models/classifier.ts'
import { Linear, type LinearKernel, withLinearKernel } from '../nn/linear.ts'
import { type Compiled, compile, type RunOptions } from '../program.ts'
import { Tensor } from '../tensor.ts'
import type { FrozenWeights } from './frozen-weights.ts'
import type { Sequence } from './predictor.ts'
import { type AdapterTensors, emptyModel, type ServedAdapter } from './served-adapter.ts'

/** The texts of one adapter in a batch. Rows are null where they are all of the batch's. */
interface Group {
  /** int32: its tokens, rows of [T, H] */
  tokens: Tensor | null
  /** int32: its texts, rows of [B, H] */
  sequences: Tensor | null
  /** null for the base model as it is */
  adapter: AdapterTensors | null
}

interface MixedInputs {
  batch: BatchTensors
  groups: readonly Group[]
}

/**
 * One forward pass for texts of several adapters: the base model's products are computed once for all, each text's
 * rows then get the update of its adapter, y += (x A^T) (sB)^T, and its adapter's head (the idea of Punica, Chen et
 * al., 2023, and S-LoRA, Sheng et al., 2023). The adapters' tensors are inputs of the program, so adapters come and go
 * without another recording; a program is recorded for each number of adapters and set of adapted layers.
 */
export class MixedForward {
  readonly #model: SequenceClassifier
  readonly #stand: SequenceClassifier
  readonly #forward: Compiled<[MixedInputs], Tensor[]>

  constructor(model: SequenceClassifier, weights: FrozenWeights) {
    this.#model = model
    const stand = emptyModel(model)
    this.#stand = stand
    this.#forward = compile(({ batch, groups }: MixedInputs) =>
      noGrad(() => {
        const first = withLinearKernel(routed(model, weights, groups), () => model.encodeForHead(batch)) // [B, H]
        return groups.map(({ sequences, adapter }) => {
          const rows = sequences ? ops.indexSelect(first, 0, sequences) : first // [Bj, H]
          const logits = adapter
            ? withParameters(stand, adapter.head, () => stand.head(rows))
            : withLinearKernel(weights.kernel, () => model.head(rows)) // [Bj, labels of j]
          return logits.to({ device: 'cpu', dtype: 'float32' })
        })
      }),
    )
  }

  /**
   * Logits of each text, as many as its adapter has labels.
   * @throws TorchLoraError ABORTED, OUT_OF_MEMORY, NATIVE
   */
  async run(
    items: readonly { sequence: Sequence; adapter: ServedAdapter | null }[],
    { signal }: RunOptions = {},
  ): Promise<Float32Array[]> {
    const members = new Map<ServedAdapter | null, number[]>()
    for (const [i, { adapter }] of items.entries()) {
      const texts = members.get(adapter)
      if (texts) texts.push(i)
      else members.set(adapter, [i])
    }
    // In one order whatever the order of arrival, so that a mixture meets the program of its like.
    const signature = (adapter: ServedAdapter | null) => adapter?.signature ?? ''
    const ordered = [...members].sort(([a], [b]) => (signature(a) < signature(b) ? -1 : 1))
    const packed = packBatch(
      items.map(({ sequence }) => sequence),
      { positions: this.#model.positions },
    )
    const { device } = this.#model
    const batch = batchTensors(packed, device)
    const groups = ordered.map(([adapter, texts]): Group => {
      const all = members.size === 1
      const tokens = texts.flatMap((b) =>
        Array.from(
          { length: packed.cuSeqlens[b + 1]! - packed.cuSeqlens[b]! },
          (_, i) => packed.cuSeqlens[b]! + i,
        ),
      )
      return {
        tokens: all ? null : rowNumbers(tokens, device),
        sequences: all ? null : rowNumbers(texts, device),
        adapter: adapter?.tensors ?? null,
      }
    })
    try {
      const outputs = await this.#forward.run([{ batch, groups }], { signal })
      const rows: Float32Array[] = []
      for (const [j, [, texts]] of ordered.entries()) {
        using output = outputs[j]!
        const values = output.readSync() as Float32Array
        const width = values.length / texts.length
        for (const [k, i] of texts.entries()) rows[i] = values.slice(k * width, (k + 1) * width)
      }
      return rows
    } finally {
      disposeBatch(batch)
      for (const { tokens, sequences } of groups) {
        tokens?.dispose()
        sequences?.dispose()
      }
    }
  }

  dispose(): void {
    this.#forward.dispose()
    this.#stand.dispose()
  }
}

/** The base's products, and on top the updates of each group on its own rows. */
function routed(model: SequenceClassifier, weights: FrozenWeights, groups: readonly Group[]): LinearKernel {
  const paths = new Map<Linear, string>()
  for (const [path, module] of model.namedModules()) if (module instanceof Linear) paths.set(module, path)
  const updatesOf = (layers: readonly Linear[]) =>
    groups.map(({ adapter }) => layers.map((layer) => adapter?.updates[paths.get(layer)!]))
  return {
    product(x, layers, { gelu }) {
      const updates = updatesOf(layers)
      if (!updates.flat().some(Boolean)) return weights.kernel.product(x, layers, { gelu })
      if (groups.length === 1 && !weights.quantized(layers)) {
        const { weights: own, packed } = weights.operands(layers)
        return (gelu ? fused.linearGelu : fused.linear)(
          x,
          own,
          layers.every(({ bias }) => bias) ? layers.map(({ bias }) => bias!) : [],
          updates[0]!.map((update) => update?.A ?? null),
          updates[0]!.map((update) => update?.B ?? null),
          layers.map(() => 1),
          { packed },
        )
      }
      const y = weights.kernel.product(x, layers, { gelu: false }) // [T or B, out]
      const { rows: kind } = weights.products.find((product) => product.layers.includes(layers[0]!))!
      for (const [j, { tokens, sequences }] of groups.entries()) {
        if (!updates[j]!.some(Boolean)) continue
        const rows = kind === 'token' ? tokens : sequences
        const own = rows ? ops.indexSelect(x, 0, rows) : x // [rows, in]
        let column = 0
        for (const [i, { outFeatures }] of layers.entries()) {
          const update = updates[j]![i]
          if (update) {
            const low = product(own, update.A) // [rows, R]
            const part = layers.length === 1 ? y : ops.narrow(y, 1, column, outFeatures)
            const change = product(low, update.B) // [rows, out_i]
            if (rows) callOperator('aten::index_add_', part, 0, rows, change)
            else ops.add_(part, change)
          }
          column += outFeatures
        }
      }
      return gelu ? (callOperator('lora::gelu', y) as Tensor) : y
    },
    firstTokenAttention(attention) {
      const adapted = updatesOf(attention.layers).flat().some(Boolean)
      return adapted ? null : (weights.kernel.firstTokenAttention?.(attention) ?? null)
    },
  }
}

/** int32 [n] */
function rowNumbers(rows: readonly number[], device: string): Tensor {
  return Tensor.from(Int32Array.from(rows), { device })
}

/** x W^T */
function product(x: Tensor, weight: Tensor): Tensor {
  return fused.linear(x, [weight], [], [], [], [])
}

/** Runs `body` with other tensors in the place of some of a model's parameters. */
function withParameters<T>(
  model: SequenceClassifier,
  tensors: Readonly<Record<string, Tensor>>,
  body: () => T,
): T {
  const before = Object.entries(tensors).map(
    ([path, tensor]) => [path, model.exchangeParameter(path, tensor)] as const,
  )
  try {
    return body()
  } finally {
    for (const [path, tensor] of before) model.exchangeParameter(path, tensor)
  }
}
