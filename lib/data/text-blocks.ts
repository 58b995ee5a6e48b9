import { fileError, readLines } from './lines.ts'

/** A text to learn words from. */
export interface TextExample {
  text: string
  /** Where it was read, for messages. */
  file?: string
  line?: number
}

/**
 * Reads a plain text file, a line an example; empty lines are left out. Blocks are cut of them end to end.
 * @throws TorchLoraError INVALID_FILE for a file without text
 */
export async function readTextExamples(path: string): Promise<TextExample[]> {
  const examples: TextExample[] = []
  for await (const { text, number } of readLines(path))
    if (text.trim() !== '') examples.push({ text, file: path, line: number })
  if (examples.length === 0) throw fileError(path, 'holds no text; expected lines of plain text')
  return examples
}
