/**
 * As many clients as `concurrency`, each of which sends an item when its last one is answered, until all are sent.
 * @returns milliseconds from sending to answer, ascending
 */
export async function clients<Item>(
  items: readonly Item[],
  concurrency: number,
  send: (item: Item, index: number) => Promise<unknown>,
): Promise<number[]> {
  const latencies: number[] = []
  let next = 0
  const client = async () => {
    while (next < items.length) {
      const index = next++
      const sent = performance.now()
      await send(items[index]!, index)
      latencies.push(performance.now() - sent)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, client))
  return latencies.sort((a, b) => a - b)
}
