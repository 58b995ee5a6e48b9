/**
 * An update's examples, dealt out anew among its batches so that each takes about as long: ranks that each have one
 * wait for the longest. Batches keep their sizes. What a batch holds follows from the update alone, not from how many
 * ranks there are, and so does its dropout.
 * @param batches indices of examples, as the sampler gave them
 * @param lengthOf of an example, in tokens
 */
export function dealByLength(
  batches: readonly Uint32Array[],
  lengthOf: (index: number) => number,
): Uint32Array[] {
  if (batches.length < 2) return [...batches]
  const all = batches.flatMap((batch) => Array.from(batch))
  all.sort((a, b) => lengthOf(b) - lengthOf(a) || a - b)
  const dealt = batches.map(({ length }) => ({ room: length, tokens: 0, indices: [] as number[] }))
  // The longest first, each to the batch that has the fewest tokens so far and room.
  for (const index of all) {
    const open = dealt.filter(({ room, indices }) => indices.length < room)
    const target = open.reduce((least, batch) => (batch.tokens < least.tokens ? batch : least))
    target.indices.push(index)
    target.tokens += lengthOf(index)
  }
  return dealt.map(({ indices }) => Uint32Array.from(indices))
}

/** The whole numbers of [0, count) that are this rank's, dealt in turns: the first rank has one more, or none has. */
export function sharesOf(count: number, { rank, worldSize }: { rank: number; worldSize: number }): number[] {
  const mine: number[] = []
  for (let i = rank; i < count; i += worldSize) mine.push(i)
  return mine
}
