import { textsBar } from './progress.ts'

/**
 * Results as they come, behind a bar of how many of them there are. Says at the end how many texts were cut.
 * @param what the bar says of it: "predicting"
 * @param unit what it counts
 */
export async function* watched<Result extends { truncated: boolean }>(
  results: AsyncIterable<Result>,
  {
    what,
    unit,
    count,
    maxLength,
  }: { what: string; unit?: string | undefined; count: number; maxLength: number },
): AsyncGenerator<Result, void, undefined> {
  const bar = textsBar(what, unit)
  let truncated = 0
  bar.start(count, 0)
  try {
    for await (const result of results) {
      if (result.truncated) truncated++
      bar.increment()
      yield result
    }
  } finally {
    bar.stop()
  }
  if (truncated > 0)
    console.error(`${truncated} texts are longer than the model takes (${maxLength} tokens) and were cut.`)
}
