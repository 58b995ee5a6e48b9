/**
 * Ranks by what directions explain: of all layers' directions the `budget` most explaining ones, each of them one of its
 * layer's rank. Of layers with the same inputs, the one that stands for them has the most.
 * Source: peft 0.21, tuners/lora/eva.py, _get_rank_distribution.
 * @param options.leader of each layer, the layer that stands for those with its inputs
 * @param options.most directions a layer may get @param options.explained of each leader, by direction
 */
export function distributeRanks({
  leader,
  most,
  budget,
  explained,
}: {
  leader: ReadonlyMap<string, string>
  most: ReadonlyMap<string, number>
  budget: number
  explained: ReadonlyMap<string, readonly number[]>
}): Map<string, number> {
  const leading = [...leader].filter(([path, of]) => path === of)
  const following = [...leader].filter(([path, of]) => path !== of)
  const all = [...leading, ...following].flatMap(([path, of]) =>
    explained
      .get(of)!
      .slice(0, most.get(of))
      .map((share) => ({ path, share })),
  )
  const ranks = new Map([...leading, ...following].map(([path]) => [path, 0]))
  for (const { path } of all.toSorted((a, b) => b.share - a.share).slice(0, budget))
    ranks.set(path, ranks.get(path)! + 1)
  for (const [path, of] of following) {
    const [own, its] = [ranks.get(path)!, ranks.get(of)!]
    if (its >= own) continue
    ranks.set(of, own)
    ranks.set(path, its)
  }
  return ranks
}

/** Halves go to the even side, as Python rounds. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value)
  if (value - below !== 0.5) return Math.round(value)
  return below % 2 === 0 ? below : below + 1
}
