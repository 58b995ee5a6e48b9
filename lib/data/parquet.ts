import { stat } from 'node:fs/promises'
import { z } from 'zod'
import { fileError } from './lines.ts'

/** A parquet file as rows of plain values. */
export interface ParquetFile {
  /** Names of its columns. */
  columns: string[]
  /** Its rows with these columns alone, a row group at a time: a file of any size is never in memory whole. */
  rows(columns: readonly string[]): AsyncGenerator<Record<string, unknown>>
}

/** What `datasets` writes beside the schema of a column of class numbers. */
const features = z.object({
  info: z.object({
    features: z.record(z.string(), z.looseObject({ names: z.array(z.string()).optional() })),
  }),
})

/**
 * Opens a parquet file by hyparquet. A column of Hugging Face's `ClassLabel` gives the names of the classes, numbers of
 * 64 bits become numbers.
 * @throws TorchLoraError INVALID_FILE for one that cannot be read, now or while rows are taken
 */
export async function openParquet(path: string): Promise<ParquetFile> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import(
    'hyparquet'
  )
  const { compressors } = await import('hyparquet-compressors')
  const reading = async <T>(body: () => Promise<T>): Promise<T> => {
    try {
      return await body()
    } catch (cause) {
      throw fileError(
        path,
        `cannot be read as parquet (${(cause as Error).message}); write it anew, \`dataset.to_parquet\`, or as .jsonl`,
        cause,
      )
    }
  }
  const { file, metadata, columns } = await reading(async () => {
    if (!(await stat(path)).isFile()) throw new Error('not a file')
    const file = await asyncBufferFromFile(path)
    const metadata = await parquetMetadataAsync(file)
    const columns = parquetSchema(metadata).children.map(({ element }) => element.name)
    return { file, metadata, columns }
  })
  const said = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value
  const classNames = namesOf(said)
  return {
    columns,
    async *rows(wanted) {
      let rowStart = 0
      for (const group of metadata.row_groups) {
        const rowEnd = rowStart + Number(group.num_rows)
        const from = rowStart
        const rows = await reading(() =>
          parquetReadObjects({
            file,
            metadata,
            compressors,
            columns: [...wanted],
            rowStart: from,
            rowEnd,
          }),
        )
        rowStart = rowEnd
        for (const row of rows)
          yield Object.fromEntries(
            Object.entries(row).map(([name, value]) => [name, plain(value, classNames.get(name))]),
          )
      }
    },
  }
}

function namesOf(said: string | undefined): Map<string, readonly string[]> {
  try {
    const found = features.parse(JSON.parse(said ?? '{}')).info.features
    return new Map(Object.entries(found).flatMap(([column, { names }]) => (names ? [[column, names]] : [])))
  } catch {
    return new Map() // another writer's
  }
}

function plain(value: unknown, names: readonly string[] | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => plain(item, names))
  const number = typeof value === 'bigint' ? Number(value) : value
  return (typeof number === 'number' ? names?.[number] : undefined) ?? number
}
