import { TorchLoraError } from '../errors.ts'
import type { StreamResult } from '../inference/options.ts'
import { placeOf } from '../tasks/place.ts'
import { textsBar } from './progress.ts'

/** Where a row was read. */
export interface ReadRow {
  file?: string | undefined
  line?: number | undefined
}

/**
 * Results as they come, behind a bar of how many of them there are. Says at the end how many texts were cut.
 * @param what the bar says of it: "predicting"
 * @param unit what it counts
 * @throws TorchLoraError of the first row that fails, with its file and line
 */
export async function* watched<Result extends { truncated: boolean }, Row extends ReadRow>(
  results: AsyncIterable<StreamResult<Row, Result, 'yield'>>,
  {
    what,
    unit,
    count,
    maxLength,
  }: { what: string; unit?: string | undefined; count: number; maxLength: number },
): AsyncGenerator<Result & { row: Row }, void, undefined> {
  const bar = textsBar(what, unit)
  let truncated = 0
  bar.start(count, 0)
  try {
    for await (const result of results) {
      const { error, row } = result
      if (error) throw placed(error, row)
      const done = result as Result & { row: Row }
      if (done.truncated) truncated++
      bar.increment()
      yield done
    }
  } finally {
    bar.stop()
  }
  if (truncated > 0)
    console.error(`${truncated} texts are longer than the model takes (${maxLength} tokens) and were cut.`)
}

/** An error of the row, "Input 3 ...", with where it was read; one of all rows, as of an option, as it is. */
function placed(error: TorchLoraError, row: ReadRow): TorchLoraError {
  if (row.file === undefined || !/^input \d/i.test(error.message)) return error
  return new TorchLoraError(error.code, `${placeOf(row)}: ${error.message}`, { file: row.file, cause: error })
}
