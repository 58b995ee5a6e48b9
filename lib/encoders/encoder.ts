import { TorchLoraError } from '../errors.ts'
import type { BatchTensors, PositionScheme, WantedRows } from '../nn/batch.ts'
import { Embedding } from '../nn/embedding.ts'
import type { LinearLike } from '../nn/linear.ts'
import { Module } from '../nn/module.ts'
import type { Tensor } from '../tensor.ts'
import type { EncoderConfig } from './config.ts'

/** Text in, hidden states out: the body of every model. */
export abstract class Encoder<C extends EncoderConfig = EncoderConfig> extends Module {
  abstract readonly positions: PositionScheme
  /** The longest sequence that the positions allow, in tokens, special tokens included. */
  abstract readonly maxLength: number

  constructor(readonly config: C) {
    super()
  }

  /** What the first layer reads: [T, H]. */
  abstract embed(batch: BatchTensors): Tensor

  /**
   * The layers over what `embed` gave.
   * @param embedded [T, H]
   * @param wanted rows of the result that are needed; the rest of the last layer is then not computed
   * @returns [T, H], or [R, H] for R wanted rows
   */
  abstract layers(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor

  /** The table of words, which heads of language models share. */
  wordEmbeddings(): Embedding {
    for (const [path, module] of this.namedModules())
      if (module instanceof Embedding && /(^|\.)(word|tok)_embeddings$/.test(path)) return module
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${this.constructor.name} has no table of words that a head could share.`,
    )
  }

  /**
   * Query, key and value of the last layer, where its context for the first tokens alone can be had without keys and
   * values of all (`firstTokenContext`); null where it cannot.
   */
  firstTokenLayers(): readonly LinearLike[] | null {
    return null
  }

  /**
   * The last layer's hidden states; `last_hidden_state` of transformers, packed.
   * @returns [T, H], or [R, H] for R wanted rows
   */
  forward(batch: BatchTensors, wanted?: WantedRows): Tensor {
    return this.layers(this.embed(batch), batch, wanted)
  }
}
