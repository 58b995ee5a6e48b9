import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileError } from './lines.ts'

/** The files of a data set's parts, in order. */
export interface DatasetFolder {
  train: string[]
  validation: string[]
  test: string[]
}

const keywords: Readonly<Record<keyof DatasetFolder, RegExp>> = {
  train: /(^|[^a-z])(train|training)([^a-z]|$)/i,
  validation: /(^|[^a-z])(validation|valid|val|dev)([^a-z]|$)/i,
  test: /(^|[^a-z])(test|testing|eval|evaluation)([^a-z]|$)/i,
}
const dataFile = /\.(parquet|(jsonl|ndjson|json|csv|tsv)(\.gz)?)$/i

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false
}

/** Of a folder, the part to measure on: validation, else test; undefined for a file, and where a folder has neither. */
export async function evaluationPart(path: string): Promise<'validation' | 'test' | undefined> {
  if (!(await isFolder(path))) return undefined
  const { validation, test } = await readDatasetFolder(path)
  if (validation.length > 0) return 'validation'
  return test.length > 0 ? 'test' : undefined
}

/**
 * The files of a data set in the folder that Hugging Face's hub has it in, by the names of its files or of the folders
 * that they lie in: `data/train-00000-of-00002.parquet`, `validation.csv`, `test/part.jsonl`. A folder without such
 * names is all training data, as `load_dataset` has it.
 * @throws TorchLoraError INVALID_FILE for a folder without data, or of Arrow files, which `save_to_disk` writes
 */
export async function readDatasetFolder(folder: string): Promise<DatasetFolder> {
  const names = (await readdir(folder, { recursive: true, encoding: 'utf8' })).sort()
  const files = names.filter(
    (name) =>
      dataFile.test(name) && !/(^|\/)[._]|(^|\/)(dataset_infos?|state|dataset_dict)\.json$/.test(name),
  )
  if (files.length === 0)
    throw fileError(
      folder,
      names.some((name) => name.endsWith('.arrow'))
        ? 'holds Arrow files, as `save_to_disk` writes them; write parquet instead: `dataset["train"].to_parquet("train.parquet")`'
        : 'holds no data: expected .parquet, .jsonl, .json, .csv or .tsv files, the text ones perhaps with .gz, named for the part that they are (train, validation, test)',
    )
  const found: DatasetFolder = { train: [], validation: [], test: [] }
  const parts = Object.keys(keywords) as (keyof DatasetFolder)[]
  for (const file of files) {
    const part = parts.find((name) => keywords[name].test(file.replaceAll('_', ' ')))
    if (part) found[part].push(join(folder, file))
  }
  return parts.some((part) => found[part].length > 0)
    ? found
    : { train: files.map((file) => join(folder, file)), validation: [], test: [] }
}
