import type { Engine, EngineItem } from './engine.ts'

/** One text, or a window of it, that waits for a batch. */
export interface BatchItem extends EngineItem {
  engine: Engine
  tokens: number
  onLeave(): void
}

/** Adapters that may share a batch: each costs some small products a layer. */
export const maxAdaptersABatch = 8

/** One model a batch, of which all want the same, and few adapters. */
export function fitsBatch(batch: readonly BatchItem[], item: BatchItem): boolean {
  const [{ engine, sequence }] = batch as readonly [BatchItem]
  if (item.engine !== engine || item.sequence.hidden !== sequence.hidden) return false
  const adapters = new Set(batch.map(({ adapter }) => adapter))
  return adapters.has(item.adapter) || adapters.size < maxAdaptersABatch
}
