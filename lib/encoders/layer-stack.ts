import type { WantedRows } from '../nn/batch.ts'
import { Module } from '../nn/module.ts'
import { recompute } from '../recompute.ts'
import type { Tensor } from '../tensor.ts'

/** A body's layers, one after the other: what gradient checkpointing acts on. */
export abstract class LayerStack extends Module {
  /** Whether a layer's activations are computed again in backward instead of kept; set for a model by its method. */
  gradientCheckpointing = false
  /** Told of what the first layer reads, with null, and of what each layer gives (`LayerWatch`). @internal */
  watch: ((hidden: Tensor, layer: unknown) => void) | undefined

  /**
   * The layers one after the other, each recomputed in backward where that is asked for and the model trains.
   * @param layers in the order in which they act; one may act several times
   * @param wanted the rows of the result that are needed, of which only the last layer is told
   * @param forward one layer's output, [T, H] -> [T, H], or [R, H] for R wanted rows
   */
  protected runLayers<L>(
    layers: readonly L[],
    { embedded, wanted }: { embedded: Tensor; wanted?: WantedRows | undefined },
    forward: (layer: L, hidden: Tensor, wanted: WantedRows | undefined, index: number) => Tensor,
  ): Tensor {
    let hidden = embedded // [T, H]
    this.watch?.(hidden, null)
    for (const [i, layer] of layers.entries()) {
      const input = hidden
      const needed = i === layers.length - 1 ? wanted : undefined
      const run = () => forward(layer, input, needed, i)
      hidden = this.gradientCheckpointing && this.training ? recompute(run) : run() // [T, H], last [rows, H]
      this.watch?.(hidden, layer)
    }
    return hidden // [rows, H]
  }
}
