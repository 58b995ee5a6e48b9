import { packBatch } from '../data/index.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { overflowOf } from '../models/layer-watch.ts'
import { Model } from '../models/model.ts'
import { type BatchTensors, batchTensors, disposeBatch } from '../nn/batch.ts'
import { type Compiled, compile, type RunOptions } from '../program.ts'
import type { ModelInput } from '../tasks/task.ts'
import { Tensor } from '../tensor.ts'
import type { FrozenModel } from './frozen-model.ts'
import { wantedPlaces } from './predictor.ts'
import type { AdapterTensors, ServedAdapter } from './served-adapter.ts'

/** The texts of one adapter in a batch. Rows are null where they are all of the batch's. */
interface Group {
  /** int32: its tokens, rows of [T, H] */
  tokens: Tensor | null
  /** int32: what the head reads of its texts, rows of [B, H], or of [R, H] for R wanted tokens */
  sequences: Tensor | null
  /** null for the base model as it is */
  adapter: AdapterTensors | null
}

interface MixedInputs {
  batch: BatchTensors
  groups: readonly Group[]
  /** int32 [R]: the tokens whose outputs are wanted; null for all that the head reads. */
  wanted: Tensor | null
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
  readonly #hidden: Compiled<[MixedInputs], Tensor[]>

  constructor({ model, weights }: FrozenModel) {
    this.#model = model
    const stand = new Model(model.family, model.config, model.task, { device: 'meta' })
    this.#stand = stand
    // What a head shares with the encoder is the base model's.
    stand.head.tie(() => model.encoder.wordEmbeddings())
    const route = (groups: readonly Group[], body: () => Tensor) =>
      weights.withGroups(
        groups.map(({ adapter, ...rows }) => ({ ...rows, updates: adapter?.updates ?? null })),
        body,
      )
    const select = (read: Tensor, indices: Tensor | null) =>
      indices ? ops.indexSelect(read, 0, indices) : read // [rows of j, H]
    const place = { device: 'cpu', dtype: 'float32' } as const
    this.#forward = compile(({ batch, groups, wanted }: MixedInputs) =>
      noGrad(() => {
        const read = route(groups, () => model.encode(batch, wanted)) // [B, T or R, H]
        return groups.map(({ tokens, sequences, adapter }) => {
          const rows = select(read, model.head.reads === 'tokens' && !wanted ? tokens : sequences)
          const outputs = adapter
            ? withParameters(stand, adapter.head, () => stand.head.forward(rows))
            : model.head.forward(rows) // [rows of j, width of j]
          return outputs.to(place)
        })
      }),
    )
    this.#hidden = compile(({ batch, groups }: MixedInputs) =>
      noGrad(() => {
        const read = route(groups, () => model.encoder.forward(batch)) // [T, H]
        return groups.map(({ tokens }) => select(read, tokens).to(place))
      }),
    )
  }

  /**
   * Outputs of each text: its rows, as wide as its adapter's head, or as the encoder's hidden states.
   * @throws TorchLoraError ABORTED, OUT_OF_MEMORY, NATIVE; DIVERGED naming the layer in which float16 overflowed
   */
  async run(
    items: readonly { sequence: ModelInput; adapter: ServedAdapter | null }[],
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
    const sequences = items.map(({ sequence }) => sequence)
    const { hidden = false } = sequences[0]!
    const { device, positions, config, head } = this.#model
    const packed = packBatch(sequences, { positions, tables: config })
    const wanted = wantedPlaces(sequences, packed.cuSeqlens)
    const read = wanted && rowsOfTexts(wanted)
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
        sequences: all ? null : rowNumbers(read ? texts.flatMap((b) => read[b]!) : texts, device),
        adapter: adapter?.tensors ?? null,
      }
    })
    const inputs: MixedInputs = { batch, groups, wanted: wanted && rowNumbers(wanted.flat(), device) }
    try {
      const outputs = await (hidden ? this.#hidden : this.#forward).run([inputs], { signal })
      const rows: Float32Array[] = []
      for (const [j, [, texts]] of ordered.entries()) {
        using output = outputs[j]!
        const values = output.readSync() as Float32Array
        const overflow = await overflowOf(this.#model, values, batch)
        if (overflow) throw overflow
        const counts = texts.map((b) => {
          const tokens = sequences[b]!.ids.length
          return hidden ? tokens : (wanted?.[b]?.length ?? head.rowsOf(tokens))
        })
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
      inputs.wanted?.dispose()
      for (const { tokens, sequences } of groups) {
        tokens?.dispose()
        sequences?.dispose()
      }
    }
  }

  dispose(): void {
    this.#forward.dispose()
    this.#hidden.dispose()
    this.#stand.dispose()
  }
}

/** Of each text, the places of its wanted rows among those of all. */
function rowsOfTexts(wanted: readonly (readonly number[])[]): number[][] {
  let at = 0
  return wanted.map((rows) => rows.map(() => at++))
}

/** int32 [n] */
function rowNumbers(rows: readonly number[], device: string): Tensor {
  return Tensor.from(Int32Array.from(rows), { device })
}

/** Runs `body` with other tensors in the place of some of a model's parameters. */
export function withParameters<T>(model: Model, tensors: Readonly<Record<string, Tensor>>, body: () => T): T {
  const before = Object.entries(tensors).map(
    ([path, tensor]) => [path, model.exchangeParameter(path, tensor)] as const,
  )
  try {
    return body()
  } finally {
    for (const [path, tensor] of before) model.exchangeParameter(path, tensor)
  }
}
