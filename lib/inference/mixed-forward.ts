import { packBatch } from '../data/index.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { Model } from '../models/model.ts'
import { type BatchTensors, batchTensors, disposeBatch } from '../nn/batch.ts'
import { type Compiled, compile, type RunOptions } from '../program.ts'
import type { Sequence } from '../tasks/task.ts'
import { Tensor } from '../tensor.ts'
import type { FrozenModel } from './frozen-model.ts'
import type { AdapterTensors, ServedAdapter } from './served-adapter.ts'

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
  readonly #model: Model
  readonly #stand: Model
  readonly #forward: Compiled<[MixedInputs], Tensor[]>

  constructor({ model, weights }: FrozenModel) {
    this.#model = model
    const stand = new Model(model.family, model.config, model.task, { device: 'meta' })
    this.#stand = stand
    this.#forward = compile(({ batch, groups }: MixedInputs) =>
      noGrad(() => {
        const routes = groups.map(({ adapter, ...rows }) => ({ ...rows, updates: adapter?.updates ?? null }))
        const read = weights.withGroups(routes, () => model.encode(batch)) // [B or T, H]
        return groups.map(({ tokens, sequences, adapter }) => {
          const indices = model.head.reads === 'tokens' ? tokens : sequences
          const rows = indices ? ops.indexSelect(read, 0, indices) : read // [rows of j, H]
          const outputs = adapter
            ? withParameters(stand, adapter.head, () => stand.head.forward(rows))
            : model.head.forward(rows) // [rows of j, width of j]
          return outputs.to({ device: 'cpu', dtype: 'float32' })
        })
      }),
    )
  }

  /**
   * Outputs of each text: its rows, as wide as its adapter's head.
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
      { positions: this.#model.positions, tables: this.#model.config },
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
        const counts = texts.map((i) => this.#model.head.rowsOf(items[i]!.sequence.ids.length))
        const width = values.length / counts.reduce((sum, count) => sum + count, 0)
        let at = 0
        for (const [k, i] of texts.entries()) {
          const end = at + counts[k]! * width
          rows[i] = values.slice(at, end)
          at = end
        }
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

/** int32 [n] */
function rowNumbers(rows: readonly number[], device: string): Tensor {
  return Tensor.from(Int32Array.from(rows), { device })
}

/** Runs `body` with other tensors in the place of some of a model's parameters. */
function withParameters<T>(model: Model, tensors: Readonly<Record<string, Tensor>>, body: () => T): T {
  const before = Object.entries(tensors).map(
    ([path, tensor]) => [path, model.exchangeParameter(path, tensor)] as const,
  )
  try {
    return body()
  } finally {
    for (const [path, tensor] of before) model.exchangeParameter(path, tensor)
  }
}
