/** A part of a sweep's runs: the first, (count + 1)th, ... of them for number 1. */
export interface Shard {
  /** From 1. */
  number: number
  count: number
}

/** `2/4`: the second of four; null for anything else. */
export function parseShard(text: string): Shard | null {
  const [, number, count] = /^([1-9]\d{0,5})\/([1-9]\d{0,5})$/.exec(text) ?? []
  const shard = { number: Number(number), count: Number(count) }
  return shard.number <= shard.count ? shard : null
}

/** Whether a run belongs to the shard. Neighbours, which often take alike long, go to different ones. */
export function isOfShard(index: number, { number, count }: Shard): boolean {
  return index % count === number - 1
}
