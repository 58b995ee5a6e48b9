import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { TextClassifier } from 'torch-lora'
import type { Given } from './given.ts'

/** A source of any length through Node's pipeline: rows are taken as results are. */
export async function main({ base, rows }: Given) {
  await using classifier = await TextClassifier.load(base, { warmUp: false, maxQueue: 8 })
  const written: string[] = []
  await pipeline(
    Readable.from(rows),
    (source: AsyncIterable<(typeof rows)[number]>) =>
      classifier.classifyAll(source, { input: ({ text }) => text }),
    new Writable({
      objectMode: true,
      write({ row, label }: { row: { text: string }; label: string }, _, done) {
        written.push(`${row.text} ${label}`)
        done()
      },
    }),
  )
  return { written: written.length }
}
