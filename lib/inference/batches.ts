import type { Engine, EngineItem } from './engine.ts'

/** One text, or a window of it, that waits for a batch. */
export interface BatchItem extends EngineItem {
  engine: Engine
  tokens: number
  onLeave(): void
}

/** Adapters that may share a batch: each costs some small products a layer. */
export const maxAdaptersABatch = 8

/** One model a batch, and few adapters. */
export function fitsBatch(batch: readonly BatchItem[], item: BatchItem): boolean {
  if (item.engine !== batch[0]!.engine) return false
  const adapters = new Set(batch.map(({ adapter }) => adapter))
  return adapters.has(item.adapter) || adapters.size < maxAdaptersABatch
}
