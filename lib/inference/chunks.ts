/**
 * What `work` makes of `inputs`, chunk by chunk and in order. At most `ahead` chunks are under way, and no more inputs
 * are taken than that, however slowly the results are.
 */
export async function* mapChunks<In, Out>(
  inputs: Iterable<In> | AsyncIterable<In>,
  work: (chunk: In[]) => Promise<readonly Out[]>,
  { size, ahead }: { size: number; ahead: number },
): AsyncGenerator<Out, void, undefined> {
  const underWay: Promise<readonly Out[]>[] = []
  const start = (chunk: In[]) => {
    const results = work(chunk)
    results.catch(() => {}) // thrown where it is awaited, in order
    underWay.push(results)
  }
  let chunk: In[] = []
  for await (const input of inputs) {
    chunk.push(input)
    if (chunk.length < size) continue
    start(chunk)
    chunk = []
    if (underWay.length === ahead) yield* await underWay.shift()!
  }
  if (chunk.length > 0) start(chunk)
  while (underWay.length > 0) yield* await underWay.shift()!
}
