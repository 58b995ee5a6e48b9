import { TorchLoraError } from '../errors.ts'
import type { Example } from './examples.ts'

/** What an error says of where an example was read. */
export const fileOf = (example: Example) => (example.file === undefined ? {} : { file: example.file })

/** "train.tsv, line 3: ", or as much of it as is known. */
export function place({ file, line, text }: Example): string {
  if (file !== undefined) return line === undefined ? `${file}: ` : `${file}, line ${line}: `
  const start = text.length > 40 ? `${text.slice(0, 40)}...` : text
  return `example ${JSON.stringify(start)}: `
}

export function missing(example: Example): TorchLoraError {
  return new TorchLoraError(
    'INCOMPATIBLE',
    `${place(example)}no label; training and evaluation need one for every example`,
    fileOf(example),
  )
}
