import { maxAdaptersABatch } from './batches.ts'
import { deadline } from './deadline.ts'
import type { Engine, HeldAdapter } from './engine.ts'

/** A text of few tokens and a batch of many, through all that a request meets. */
export async function warmUp(
  engine: Engine,
  {
    maxLength,
    maxBatchTokens,
    rows,
    signal,
  }: {
    maxLength: number
    maxBatchTokens: number
    /** What is wanted of a text's outputs (`ModelInput.rows`). */
    rows?: readonly number[] | undefined
    signal?: AbortSignal | undefined
  },
): Promise<void> {
  using limit = deadline({ signal })
  const length = Math.min(maxLength, 64)
  const adapters = [...engine.adapters.values()].slice(0, maxAdaptersABatch)
  const own = engine.hasHead ? [null] : []
  const run = (tokens: number, of: readonly (HeldAdapter | null)[]) => {
    const sequence = { ids: new Int32Array(tokens), typeIds: new Int32Array(tokens), rows }
    return engine.run(
      of.map((adapter) => ({ sequence, adapter })),
      limit.signal,
    )
  }
  // A mixture of adapters is recorded when it is first met, which takes the event loop some milliseconds.
  const mixtures = adapters.flatMap((_, i) => {
    const some = adapters.slice(0, i + 1)
    return own.length > 0 ? [some, [...own, ...some]] : [some]
  })
  for (const mixture of own.length > 0 ? [own, ...mixtures] : mixtures)
    if (mixture.length <= maxAdaptersABatch) await run(2, mixture)
  // A shape is captured when it comes back: then one text of every length up to 128 tokens meets its graph.
  const captured = engine.capturesGraphs && own.length > 0 ? Math.min(maxLength, 128) : 0
  for (let tokens = 8; tokens <= captured; tokens += 8) for (let i = 0; i < 2; i++) await run(tokens, own)
  const fill = Math.max(1, Math.min(64, Math.floor(maxBatchTokens / length)))
  await run(
    length,
    Array.from({ length: fill }, () => own[0] ?? adapters[0]!),
  )
}
