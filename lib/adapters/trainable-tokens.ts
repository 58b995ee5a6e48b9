import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { Model } from '../models/model.ts'
import { EmbeddingLike } from '../nn/embedding.ts'
import { Tensor } from '../tensor.ts'
import { fullDType } from '../weight-dtype.ts'
import { AdaptedEmbedding, requireIndexed } from './method.ts'
import { nameMatches } from './targets.ts'

/** Which rows of which tables train: of the table of tokens, or by the end of a table's path. */
export type TrainableTokens = readonly number[] | Readonly<Record<string, readonly number[]>>

/** A table of which some rows are replaced by trained ones; PEFT's `TrainableTokensLayer`. */
class TokensEmbedding extends AdaptedEmbedding {
  /**
   * @param rows [K, size], what stands in the place of the table's own
   * @param places int64 [count]: the row of `rows` for each of the table, -1 for none
   */
  constructor(
    base: EmbeddingLike,
    readonly rows: Tensor,
    readonly places: Tensor,
    readonly tokens: readonly number[],
  ) {
    super(base)
  }

  override adapterParameters(): [name: string, parameter: Tensor][] {
    return [['token_adapter.trainable_tokens_delta', this.rows]]
  }

  override constants(): Tensor[] {
    return [this.places]
  }

  forward(indices: Tensor): Tensor {
    const place = ops.indexSelect(this.places, 0, indices) // [T]
    const own = ops.embedding(this.rows, ops.clamp(place, { min: 0 })) // [T, size]
    const trained = ops.unsqueeze(ops.ge(place, 0), 1) // [T, 1]
    return ops.where(trained, own.to({ dtype: this.weight.dtype }), this.base.forward(indices)) // [T, size]
  }

  mergedParameters(): Record<string, Tensor> {
    const { device, dtype } = this.weight
    const index = Tensor.from([...this.tokens], { dtype: 'int64', device })
    return { weight: ops.indexCopy(this.weight, 0, index, this.rows.to({ dtype })) }
  }
}

/**
 * The tables whose rows train, wrapped, by path.
 * @throws TorchLoraError INVALID_ARGUMENT for a table or a token that is not there
 */
export function trainableTokens(model: Model, given: TrainableTokens): Map<string, AdaptedEmbedding> {
  const tables = [...model.namedModules()].filter(([, module]) => module instanceof EmbeddingLike)
  const named: (readonly [string, readonly number[]])[] = Array.isArray(given)
    ? [[tokenTable(tables, model), given]]
    : Object.entries(given as Readonly<Record<string, readonly number[]>>)
  return new Map(
    named.map(([name, tokens]) => {
      const found = tables.find(([path]) => nameMatches([name], path))
      if (!found)
        throw new TorchLoraError(
          'INVALID_ARGUMENT',
          `trainableTokenIndices names '${name}', which is no table of this model. It has ${tables.map(([path]) => path).join(', ')}.`,
        )
      return [found[0], wrapped(found[1] as EmbeddingLike, tokens, found[0])]
    }),
  )
}

function tokenTable(tables: readonly (readonly [string, unknown])[], { config }: Model): string {
  const found = tables.find(([, table]) => (table as EmbeddingLike).weight.shape[0] === config.vocabSize)
  return found![0]
}

function wrapped(table: EmbeddingLike, tokens: readonly number[], path: string): AdaptedEmbedding {
  requireIndexed(path, { by: 'trainableTokenIndices', remedy: 'leave it out' })
  const { device, dtype: weights, shape } = table.weight
  const count = shape[0]!
  const strays = tokens.filter((token) => token < 0 || token >= count)
  if (strays.length > 0 || new Set(tokens).size < tokens.length)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `trainableTokenIndices must be different rows of ${path}, from 0 to ${count - 1}, received ${strays[0] ?? 'one twice'}.`,
    )
  const places = new BigInt64Array(count).fill(-1n)
  for (const [row, token] of tokens.entries()) places[token] = BigInt(row)
  const rows = noGrad(() => {
    const index = Tensor.from([...tokens], { dtype: 'int64', device })
    const own = ops.indexSelect(table.weight.detach(), 0, index) // [K, size]
    return own.to({ dtype: fullDType(weights) })
  })
  rows.requiresGrad = true
  return new TokensEmbedding(table, rows, Tensor.from(places, { device }), tokens)
}
